//! What this process takes of the machine, under the names that all Prometheus clients use. Only Linux tells.

use std::fs;
use std::io;
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use rustix::process::{Resource, getrlimit};

/// The numbers of `/proc/self/stat` that are told, by their places after the command's name; see proc(5).
const USER_TIME: usize = 11;
const SYSTEM_TIME: usize = 12;
const THREADS: usize = 17;
const STARTED: usize = 19;
const VIRTUAL_MEMORY: usize = 20;
const RESIDENT_PAGES: usize = 21;

/// Writes what the system says of this process; nothing where it says nothing.
pub(super) fn register(registry: &mut Registry) {
    let Some(stat) = fs::read_to_string("/proc/self/stat").ok() else { return };
    // The name in parentheses may hold anything.
    let fields: Vec<u64> = stat
        .rsplit_once(')')
        .map_or("", |(_, rest)| rest)
        .split_whitespace()
        .map(|field| field.parse().unwrap_or_default())
        .collect();
    let field = |place: usize| fields.get(place).copied().unwrap_or_default();
    let ticks = rustix::param::clock_ticks_per_second() as f64;

    let cpu = Counter::<f64, AtomicU64>::default();
    cpu.inc_by((field(USER_TIME) + field(SYSTEM_TIME)) as f64 / ticks);
    registry.register("process_cpu_seconds", "Processor time taken, user and system", cpu);

    if let Ok(booted) = boot_time() {
        let started = Gauge::<f64, AtomicU64>::default();
        started.set(booted + field(STARTED) as f64 / ticks);
        registry.register("process_start_time_seconds", "When the process was started, since 1970", started);
    }
    let resident = field(RESIDENT_PAGES).saturating_mul(rustix::param::page_size() as u64);
    // The directory that is read is open, too.
    let open = fs::read_dir("/proc/self/fd").map_or(0, |files| files.count().saturating_sub(1));
    for (name, help, value) in [
        ("process_resident_memory_bytes", "Memory in use, with the files mapped into it", resident),
        ("process_virtual_memory_bytes", "Address space in use", field(VIRTUAL_MEMORY)),
        ("process_threads", "Threads", field(THREADS)),
        ("process_open_fds", "Open file descriptors", open as u64),
        ("process_max_fds", "File descriptors that can be open", most_files()),
    ] {
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        registry.register(name, help, gauge);
    }
}

fn most_files() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// When the machine was started, in seconds since 1970.
fn boot_time() -> io::Result<f64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let found = stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok());
    found.ok_or_else(|| io::Error::other("it is not told"))
}
