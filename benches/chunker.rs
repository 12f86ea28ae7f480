//! How fast texts are cut, in megabytes a second on one core: `cargo bench --bench chunker`, or `./dev bench`.

use std::hint::black_box;
use std::time::Instant;

use sluice::domain::Chunking;
use sluice::server::ingest::chunk::Chunker;

/// Runs of which the median is told.
const RUNS: usize = 5;

/// Text comes from files in pieces of this size, in bytes.
const PIECE: usize = 64 << 10;

fn main() {
    let sentence = "The keeper opens the upper gate, and the narrowboat goes slowly into the lock. ";
    let paragraph = format!("{}\n\n", sentence.repeat(6));
    for (name, text) in [
        ("prose, 100 MB", paragraph.repeat(100_000_000 / paragraph.len())),
        ("lines of code, 20 MB", "    let place = Place { bytes, characters };\n".repeat(450_000)),
        ("Japanese, 20 MB", "日本語の文章です。水門を開けると、船が進みます。".repeat(300_000)),
        ("one word, 10 MB", "x".repeat(10_000_000)),
        ("a million blank lines", "\n".repeat(1_000_000)),
        ("white space, 10 MB", " \t\n".repeat(3_333_333)),
        ("one combining mark after another, 10 MB", "\u{301}".repeat(5_000_000)),
        ("families of emoji, 10 MB", "👩‍👩‍👧‍👦".repeat(400_000)),
        ("full stops, 10 MB", ". ".repeat(5_000_000)),
    ] {
        let mut speeds: Vec<f64> = (0..RUNS).map(|_| speed(&text)).collect();
        speeds.sort_by(f64::total_cmp);
        println!("{name:<42} {:>8.0} MB/s", speeds[RUNS / 2]);
    }
}

fn speed(text: &str) -> f64 {
    let started = Instant::now();
    let mut chunker = Chunker::new(Chunking::default());
    let mut chunks = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE.min(rest.len())));
        chunker.push(piece, &mut chunks);
        // They go to the store, a thousand at a time.
        if chunks.len() >= 1000 {
            black_box(&chunks);
            chunks.clear();
        }
        rest = after;
    }
    chunker.finish(&mut chunks);
    black_box(&chunks);
    text.len() as f64 / 1e6 / started.elapsed().as_secs_f64()
}
