//! What the unit and the image must say, beyond what their linters know.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::path::Path;

fn project_file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_unit_lets_the_processes_that_read_files_give_up_their_rights() {
    let unit = project_file("deploy/sluice.service");
    let allowed: Vec<_> = unit.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")).collect();
    // A call that is refused is taken for an old kernel's, and the rights are kept.
    for call in ["landlock_create_ruleset", "landlock_restrict_self", "seccomp"] {
        assert!(allowed.iter().any(|calls| calls.split(' ').any(|it| it == call)), "{call} in {allowed:?}");
    }
}

#[test]
fn only_the_server_is_told_to_stop_and_has_time_to() {
    let unit = project_file("deploy/sluice.service");
    assert!(unit.contains("\nKillMode=mixed\n"), "readers that are told, too, would look like crashes");
    let time = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).unwrap();
    assert!(time.parse::<u32>().unwrap() >= 15);
}

#[test]
fn the_image_runs_as_a_user_without_rights_and_has_what_its_build_reads() {
    let image = project_file("Dockerfile");
    let user = image.lines().rev().find_map(|line| line.strip_prefix("USER ")).unwrap();
    assert!(!user.starts_with('0') && !user.contains("root"), "{user}");
    let rust = format!("FROM rust:{}-alpine", env!("CARGO_PKG_RUST_VERSION"));
    assert!(image.contains(&rust), "the image is built with the Rust of Cargo.toml: {rust}");

    let taken = project_file(".dockerignore");
    let taken: Vec<_> = taken.lines().filter_map(|line| line.strip_prefix('!')).collect();
    // What ./dev looks at to see whether the release is current is what the release is made of.
    let dev = project_file("dev");
    let sources = dev.split_once("local sources=(").unwrap().1.split_once(')').unwrap().0;
    for source in sources.split(' ').filter(|it| Path::new(env!("CARGO_MANIFEST_DIR")).join(it).exists()) {
        assert!(taken.contains(&source), "{source} is not in .dockerignore's exceptions");
    }
}
