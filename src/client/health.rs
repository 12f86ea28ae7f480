//! `sluice health`: whether a running server lives and is ready, as an exit code.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;

use super::connection::DEFAULT_URL;
use super::https;

/// Ask a running server whether it is ready; exit code 1 if it is not.
#[derive(Clone, Debug, clap::Args)]
pub struct HealthArgs {
    /// The address of the server.
    #[arg(long, env = "SLUICE_URL", default_value = DEFAULT_URL)]
    pub url: String,

    /// Ask only whether it answers, as what restarts it should.
    #[arg(long)]
    pub live: bool,
}

/// How long the answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);

/// What `GET /readyz` answers.
#[derive(Debug, Deserialize)]
struct Ready {
    checks: Vec<Check>,
}

#[derive(Debug, Deserialize)]
struct Check {
    name: String,
    ok: bool,
    detail: String,
}

/// Runs the command.
pub async fn run(args: HealthArgs) -> anyhow::Result<ExitCode> {
    let path = if args.live { "/livez" } else { "/readyz" };
    let url = format!("{}{path}", args.url.trim_end_matches('/'));
    // The server itself is meant, never a proxy before it.
    let builder = if url.starts_with("https:") { https::builder() } else { https::trusting_nobody() };
    let http = builder.timeout(ANSWER_WITHIN).no_proxy().build()?;
    let answer = http.get(&url).send().await.with_context(|| format!("{url} does not answer"))?;
    let well = answer.status().is_success();
    if args.live {
        println!("{}", if well { "live" } else { "not live" });
    } else {
        let ready: Ready = answer.json().await.with_context(|| format!("{url} is not Sluice's"))?;
        for Check { name, ok, detail } in ready.checks {
            println!("{:<8} {name:<8} {detail}", if ok { "ok" } else { "failed" });
        }
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
