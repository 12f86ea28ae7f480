//! Measures a real server process under load over HTTP, and prints a Markdown table for the README.
//!
//! `SLUICE_BIN=<release server> cargo bench --bench load -- [--quick] [CASE…]`. Each case has a server of
//! its own on an empty data folder. A figure that misses its floor is marked; the exit code says only
//! whether everything worked.

mod bulk;
mod figures;
mod http;
mod machine;
mod memory;
mod rng;
mod server;
mod small;
mod text;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail, ensure};

use figures::{Figure, Row};
use server::Server;
use text::Messages;

/// No case takes longer than this, whatever the server does.
const LONGEST_CASE: Duration = Duration::from_secs(900);

const CASES: [&str; 5] = ["accepts", "texts", "bulk", "upload", "idle"];

/// How much of everything one run does.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub accepts_for: Duration,
    pub texts: u64,
    pub bulk_bytes: usize,
    pub warm_up_queries: usize,
    pub queries: usize,
    pub upload_bytes: u64,
}

const FULL: Load = Load {
    accepts_for: Duration::from_secs(10),
    texts: 20_000,
    bulk_bytes: 80_000_000,
    warm_up_queries: 200,
    queries: 2_000,
    upload_bytes: 1 << 30,
};

const QUICK: Load = Load {
    accepts_for: Duration::from_secs(3),
    texts: 4_000,
    bulk_bytes: 10_000_000,
    warm_up_queries: 50,
    queries: 400,
    upload_bytes: 128 << 20,
};

struct Options {
    load: Load,
    cases: Vec<&'static str>,
    server: PathBuf,
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.context("no runtime").and_then(|runtime| runtime.block_on(run())) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the cases asked for; false if one of them broke.
async fn run() -> anyhow::Result<bool> {
    let Some(options) = options()? else { return Ok(true) };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    let bulk = options.cases.contains(&"bulk");
    let messages = text::load(if bulk { options.load.bulk_bytes } else { 8_000_000 })?;
    eprintln!("text: {:.1} MB from {}", messages.bytes() as f64 / 1e6, messages.origin);

    let mut rows = Vec::new();
    let mut all_worked = true;
    for case in options.cases {
        let flushes = machine::flushes_per_second(folder).context("measuring the disk")?;
        eprintln!("{case}: the disk does {flushes:.0} fdatasync/s now");
        match measure(case, &options.server, folder, &options.load, &messages).await {
            Ok(figures) => {
                for figure in &figures {
                    eprintln!("{case}: {figure}");
                }
                rows.extend(figures.into_iter().map(|figure| Row { case, figure: Ok(figure), flushes }));
            }
            Err(error) => {
                eprintln!("{case}: broke: {error:#}");
                all_worked = false;
                rows.push(Row { case, figure: Err(format!("{error:#}")), flushes });
            }
        }
    }
    println!("{}\n", machine::description());
    println!("{}", figures::table(&rows));
    Ok(all_worked)
}

/// Starts a server, runs one case against it, and stops it whatever came of it.
async fn measure(
    case: &str,
    binary: &Path,
    folder: &Path,
    load: &Load,
    messages: &Messages,
) -> anyhow::Result<Vec<Figure>> {
    let server = Server::start(binary, folder).await?;
    let work = async {
        match case {
            "accepts" => small::accepts(&server, load, messages).await,
            "texts" => small::texts(&server, load, messages).await,
            "bulk" => bulk::bulk(&server, load, messages).await,
            "upload" => memory::upload(&server, load, messages).await,
            _ => memory::idle(&server).await,
        }
    };
    let figures = tokio::time::timeout(LONGEST_CASE, work).await;
    let log = server.log_tail();
    let stopped = server.stop().await;
    let figures = figures
        .unwrap_or_else(|_| bail!("no end after {} s", LONGEST_CASE.as_secs()))
        .with_context(|| format!("the server's last words were {log:?}"))?;
    stopped?;
    Ok(figures)
}

/// What the command line asks for, or nothing if it asked for help.
fn options() -> anyhow::Result<Option<Options>> {
    let mut load = FULL;
    let mut cases = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => load = QUICK,
            // cargo's own.
            "--bench" => (),
            "--help" | "-h" => {
                println!("[--quick] [{}]…", CASES.join("|"));
                return Ok(None);
            }
            name => match CASES.into_iter().find(|case| *case == name) {
                Some(case) => cases.push(case),
                None => bail!("there is no case {name:?}; there are {}", CASES.join(", ")),
            },
        }
    }
    if cases.is_empty() {
        cases.extend(CASES);
    }
    let server = std::env::var_os("SLUICE_BIN").context("SLUICE_BIN must name the server to measure")?;
    let server = PathBuf::from(server);
    ensure!(server.is_file(), "SLUICE_BIN names {}, which is not a file", server.display());
    // The server runs in a folder of its own.
    let server = server.canonicalize().context("finding the server")?;
    Ok(Some(Options { load, cases, server }))
}
