//! The real executable as a process.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use sluice::client::https;

use super::{PATIENCE, eventually};

/// A `sluice` command that reads no settings of the machine it runs on.
pub fn sluice(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// The same of the server that `SLUICE_BIN` names, if it names one.
pub fn server_under_test(arguments: &[&str]) -> Command {
    match std::env::var_os("SLUICE_BIN") {
        None => sluice(arguments),
        Some(server) => {
            let mut command = Command::new(server);
            command.args(arguments).env_clear().stdin(Stdio::null());
            command
        }
    }
}

/// Runs a command that ends by itself.
pub fn run(arguments: &[&str]) -> Output {
    sluice(arguments).output().unwrap()
}

/// A server process; killed when dropped.
pub struct ServerProcess {
    child: Mutex<Child>,
    pub url: String,
    client: reqwest::Client,
}

impl ServerProcess {
    /// Starts a server on a free port and waits until it answers.
    pub async fn start(data: &Path, flags: &[&str]) -> Self {
        Self::start_as(data, flags, sluice).await
    }

    /// The same, by a command that is given the server's arguments.
    pub async fn start_as(data: &Path, flags: &[&str], command: impl Fn(&[&str]) -> Command) -> Self {
        let server = Self::spawn_as(data, flags, command);
        eventually(async || server.client.get(server.at("/health")).send().await.ok()).await;
        server
    }

    /// Starts a server on a free port, and does not wait.
    pub fn spawn(data: &Path, flags: &[&str]) -> Self {
        Self::spawn_as(data, flags, sluice)
    }

    fn spawn_as(data: &Path, flags: &[&str], command: impl Fn(&[&str]) -> Command) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::spawn_at(&format!("127.0.0.1:{port}"), data, flags, command)
    }

    fn spawn_at(addr: &str, data: &Path, flags: &[&str], command: impl Fn(&[&str]) -> Command) -> Self {
        let data = data.to_str().unwrap();
        let always = ["--addr", addr, "--data-dir", data, "--log", "warn", "--min-free-disk", "0"];
        let child = command(&[&always, flags].concat()).spawn().unwrap();
        Self {
            child: Mutex::new(child),
            url: format!("http://{addr}"),
            client: https::builder().build().unwrap(),
        }
    }

    /// Starts a server where another one was, and waits until it answers.
    pub async fn start_at(address: SocketAddr, data: &Path) -> Self {
        let server = Self::spawn_at(&address.to_string(), data, &[], sluice);
        eventually(async || server.client.get(server.at("/health")).send().await.ok()).await;
        server
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    /// The memory it holds, without the files it has mapped, which the system takes back at need; in bytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let held = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        held.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.url.trim_start_matches("http://").parse().unwrap()
    }

    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.client.get(self.at(path)).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &Value) -> reqwest::Result<Value> {
        self.client.post(self.at(path)).json(body).send().await?.error_for_status()?.json().await
    }

    /// SIGKILL: no handler of the server runs.
    pub fn kill(self) {
        self.kill_now();
    }

    /// The same, while others still use it.
    pub fn kill_now(&self) {
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Sends a signal that the server handles, and returns its exit code and how long it took.
    pub async fn signal(self, name: &str) -> (Option<i32>, Duration) {
        let started = Instant::now();
        let id = self.id();
        let sent = Command::new("kill").args([name, &id.to_string()]).status().unwrap();
        assert!(sent.success());
        let status = eventually(async || self.child.lock().unwrap().try_wait().unwrap()).await;
        assert!(started.elapsed() < PATIENCE);
        (status.code(), started.elapsed())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // Fails when it has ended already, which is as good.
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}
