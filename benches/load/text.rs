//! Real text: the Rust documentation's pages without their markup, then what lies in the registry's
//! sources. The same text in the same order in every run on the same machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;
use walkdir::WalkDir;

use crate::rng::Rng;

/// Messages are this long in bytes, give or take a word.
const SHORTEST: usize = 1100;
const LONGEST: usize = 2000;

/// Pieces of real text.
#[derive(Debug, Default)]
pub struct Messages {
    pub texts: Vec<String>,
    pub origin: &'static str,
}

impl Messages {
    /// Size of all texts together.
    pub fn bytes(&self) -> usize {
        self.texts.iter().map(String::len).sum()
    }
}

/// Reads about `wanted` bytes of text, or as much as there is.
pub fn load(wanted: usize) -> anyhow::Result<Messages> {
    let mut messages = Messages { origin: "the Rust documentation", ..Messages::default() };
    if let Some(folder) = documentation() {
        fill(&mut messages, wanted, &pages(&folder, &["html"]));
    }
    if messages.bytes() < wanted {
        messages.origin = match messages.texts.len() {
            0 => "the texts among the registry's sources",
            _ => "the Rust documentation and the texts among the registry's sources",
        };
        fill(&mut messages, wanted, &pages(&registry(), &["md", "txt"]));
    }
    ensure!(
        messages.bytes() > 1_000_000,
        "there is not enough text here; `rustup component add rust-docs` brings some"
    );
    Ok(messages)
}

/// The documentation of the toolchain at hand, or of the ordinary one when that has none.
fn documentation() -> Option<PathBuf> {
    let of = |command: &mut Command| {
        let output = command.args(["--print", "sysroot"]).output().ok()?;
        let sysroot = String::from_utf8(output.stdout).ok()?;
        let folder = Path::new(sysroot.trim()).join("share/doc/rust/html");
        folder.is_dir().then_some(folder)
    };
    of(&mut Command::new("rustc")).or_else(|| of(Command::new("rustc").env_remove("RUSTUP_TOOLCHAIN")))
}

fn registry() -> PathBuf {
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cargo")));
    cargo.unwrap_or_default().join("registry/src")
}

/// All files with one of the endings, mixed: neighbours in a folder are too much alike.
fn pages(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let walk = WalkDir::new(folder).sort_by_file_name().into_iter();
    // Pages under `src` show code with line numbers.
    let entries =
        walk.filter_entry(|entry| entry.depth() == 0 || entry.file_name() != "src" || endings[0] != "html");
    let mut pages: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.into_path()))
        .filter(|path| path.extension().is_some_and(|ending| endings.iter().any(|it| ending == *it)))
        .collect();
    Rng(1).shuffle(&mut pages);
    pages
}

fn fill(messages: &mut Messages, wanted: usize, pages: &[PathBuf]) {
    let mut rng = Rng(2);
    let (mut length, mut taken) = (SHORTEST, messages.bytes());
    let mut text = String::new();
    for page in pages {
        // A page that is not UTF-8 is no loss.
        let Ok(page) = std::fs::read_to_string(page) else { continue };
        add_text(&mut text, &page);
        text.push('\n');
        let mut rest = text.as_str();
        while let Some((message, after)) = cut(rest, length) {
            taken += message.len();
            messages.texts.push(message.to_owned());
            if taken >= wanted {
                return;
            }
            length = SHORTEST + rng.below(LONGEST - SHORTEST);
            rest = after;
        }
        text = rest.to_owned();
    }
}

/// Cuts at the first white space after `length` bytes.
fn cut(text: &str, length: usize) -> Option<(&str, &str)> {
    let start = text.ceil_char_boundary(length);
    let at = start + text.get(start..)?.find(char::is_whitespace)?;
    Some((&text[..at], text[at..].trim_start()))
}

/// Adds what a page says, without tags, scripts and styles, and with its white space drawn together.
fn add_text(text: &mut String, page: &str) {
    let mut rest = page;
    while let Some(open) = rest.find('<') {
        add_words(text, &rest[..open]);
        rest = &rest[open..];
        let end = match rest {
            _ if rest.starts_with("<script") => "</script>",
            _ if rest.starts_with("<style") => "</style>",
            _ => ">",
        };
        let Some(close) = rest.find(end) else { return };
        // Tags inside a line do not end a word.
        let name = rest[1..close].trim_start_matches('/').split([' ', '>']).next().unwrap_or_default();
        if !matches!(name, "a" | "b" | "code" | "em" | "i" | "span" | "strong" | "wbr") {
            text.push('\n');
        }
        rest = &rest[close + end.len()..];
    }
    add_words(text, rest);
}

fn add_words(text: &mut String, raw: &str) {
    let decoded = raw
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&");
    let mut after_space = text.ends_with(char::is_whitespace);
    for letter in decoded.chars() {
        if !letter.is_whitespace() {
            text.push(letter);
        } else if !after_space {
            text.push(' ');
        }
        after_space = letter.is_whitespace();
    }
}
