//! The machine, and how busy it is at the moment.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Processor, cores, memory and kernel in one line.
pub fn description() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let kilobytes = field("/proc/meminfo", "MemTotal")
        .and_then(|memory| memory.split(' ').next()?.parse::<f64>().ok())
        .unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let gigabytes = kilobytes * 1024.0 / 1e9;
    format!("{cores} cores of {model}, {gigabytes:.1} GB memory, Linux {}", kernel.trim())
}

/// How many times a second 4 KB reach the disk in `folder`, by the median over one second.
pub fn flushes_per_second(folder: &Path) -> io::Result<f64> {
    let mut file = tempfile::tempfile_in(folder)?;
    let block = [7; 4096];
    let started = Instant::now();
    let mut times = Vec::new();
    while started.elapsed() < Duration::from_secs(1) {
        let before = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        times.push(before.elapsed());
    }
    times.sort_unstable();
    Ok(times.get(times.len() / 2).map_or(0.0, |median| 1.0 / median.as_secs_f64()))
}

/// The value of the first line `name: value` of a file under /proc.
pub fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}
