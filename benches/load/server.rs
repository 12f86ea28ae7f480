//! The server process under test: started on a free port and an empty data folder, stopped at the end.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;
use tokio::time::sleep;

use sluice::domain::JobStats;

use crate::http::{Connection, request};
use crate::machine;

const STARTS_WITHIN: Duration = Duration::from_secs(20);
/// A graceful stop is promised within 10 s.
const STOPS_WITHIN: Duration = Duration::from_secs(12);

/// A running server. Killed when dropped; better stopped.
#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    process: Child,
    /// Holds its data folder and its log; deleted with it.
    folder: TempDir,
}

impl Server {
    /// Starts the server and waits until it answers.
    pub async fn start(binary: &Path, parent: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("load-").tempdir_in(parent)?;
        // Free now; nobody else here asks for a port in the moment between.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = File::create(folder.path().join("log"))?;
        let mut command = Command::new(binary);
        // Settings of the person who measures are not those that are measured.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SLUICE_"))
        {
            command.env_remove(name);
        }
        let process = command
            .args(["--addr", &address.to_string(), "--max-jobs", "1000000", "--max-pending-jobs", "10000000"])
            .args(["--log", "warn", "--data-dir"])
            .arg(folder.path().join("data"))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("could not start {}", binary.display()))?;
        let mut server = Self { address, process, folder };
        server.wait_until_ready().await?;
        Ok(server)
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait()? {
                bail!("the server ended at once ({status}): {}", self.log_tail());
            }
            if let Ok(mut connection) = Connection::open(self.address).await
                && connection.exchange(&request("GET", "/health")).await.is_ok_and(|it| it.status == 200)
            {
                return Ok(());
            }
            ensure!(
                started.elapsed() < STARTS_WITHIN,
                "the server was not ready in time: {}",
                self.log_tail()
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until `jobs` jobs have completed; any other end is an error.
    pub async fn wait_for_completed(&self, jobs: u64, within: Duration) -> anyhow::Result<()> {
        let started = Instant::now();
        let mut connection = Connection::open(self.address).await?;
        loop {
            let body = connection.exchange(&request("GET", "/jobs/stats")).await?.accepted()?;
            let stats: JobStats = serde_json::from_slice(&body).context("reading the statistics")?;
            ensure!(stats.failed + stats.cancelled == 0, "{} jobs failed", stats.failed + stats.cancelled);
            if stats.completed >= jobs {
                return Ok(());
            }
            ensure!(
                started.elapsed() < within,
                "{} of {jobs} jobs completed after {} s",
                stats.completed,
                within.as_secs()
            );
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Memory the process holds now, in bytes.
    pub fn memory(&self) -> anyhow::Result<u64> {
        self.status("VmRSS")
    }

    /// The most memory it has held since its start, or since [`Server::forget_peak`].
    pub fn peak_memory(&self) -> anyhow::Result<u64> {
        self.status("VmHWM")
    }

    /// Lets the peak start again from now.
    pub fn forget_peak(&self) -> anyhow::Result<()> {
        let file = format!("/proc/{}/clear_refs", self.process.id());
        std::fs::write(&file, "5").with_context(|| format!("could not write {file}"))
    }

    fn status(&self, name: &str) -> anyhow::Result<u64> {
        let value = machine::field(&format!("/proc/{}/status", self.process.id()), name);
        let kilobytes = value.and_then(|value| value.split(' ').next()?.parse::<u64>().ok());
        Ok(kilobytes.with_context(|| format!("the process has no {name}"))? * 1024)
    }

    /// What the data folder takes on disk, in bytes.
    pub fn data_on_disk(&self) -> u64 {
        let files = walkdir::WalkDir::new(self.folder.path().join("data")).into_iter();
        // Files may go while we count: the index merges.
        files.filter_map(|entry| entry.ok()?.metadata().ok()).map(|metadata| metadata.blocks() * 512).sum()
    }

    /// The end of what it has logged.
    pub fn log_tail(&self) -> String {
        let log: PathBuf = self.folder.path().join("log");
        let text = std::fs::read(log).unwrap_or_default();
        let start = text.len().saturating_sub(600);
        String::from_utf8_lossy(&text[start..]).trim().to_owned()
    }

    /// Asks the process to stop, and waits for its end.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.process.id().to_string();
        let asked = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status()?;
        ensure!(asked.success(), "could not ask process {id} to stop");
        let started = Instant::now();
        while started.elapsed() < STOPS_WITHIN {
            if let Some(status) = self.process.try_wait()? {
                ensure!(status.success(), "the server stopped with {status}: {}", self.log_tail());
                return Ok(());
            }
            sleep(Duration::from_millis(50)).await;
        }
        bail!("the server did not stop within {} s and was killed", STOPS_WITHIN.as_secs())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
