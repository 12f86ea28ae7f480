//! Which files Sluice reads, known to the server and to the upload form alike.

/// A kind of file Sluice reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    pub name: &'static str,
    pub media_type: &'static str,
    /// File name endings, lower case, without the dot.
    pub extensions: &'static [&'static str],
    pub reading: Reading,
}

/// How a format is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As it is.
    Text,
    /// As it is; its headings are places.
    Markdown,
    Html,
    /// Microsoft's text and slides.
    Office,
    /// Sheets of any maker.
    Sheets,
    /// OpenDocument's text and slides.
    OpenDocument,
    Epub,
    Pdf,
    Mail,
}

const fn format(
    name: &'static str,
    media_type: &'static str,
    extensions: &'static [&'static str],
    reading: Reading,
) -> Format {
    Format { name, media_type, extensions, reading }
}

/// All of them. A file without an ending (`README`, `LICENSE`) counts as plain text.
pub const FORMATS: [Format; 17] = [
    format("plain text", "text/plain", &["txt", "text", "log"], Reading::Text),
    format("Markdown", "text/markdown", &["md", "markdown", "mdown", "mkd", "mdx"], Reading::Markdown),
    format("PDF", "application/pdf", &["pdf"], Reading::Pdf),
    format(
        "Word",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        &["docx", "doc"],
        Reading::Office,
    ),
    format(
        "PowerPoint",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        &["pptx", "ppt"],
        Reading::Office,
    ),
    format(
        "Excel",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        &["xlsx", "xls", "xlsb"],
        Reading::Sheets,
    ),
    format(
        "OpenDocument sheets",
        "application/vnd.oasis.opendocument.spreadsheet",
        &["ods"],
        Reading::Sheets,
    ),
    format("OpenDocument", "application/vnd.oasis.opendocument.text", &["odt", "odp"], Reading::OpenDocument),
    format("EPUB", "application/epub+zip", &["epub"], Reading::Epub),
    format("HTML", "text/html", &["html", "htm", "xhtml"], Reading::Html),
    format("mail", "message/rfc822", &["eml"], Reading::Mail),
    format("CSV", "text/csv", &["csv", "tsv"], Reading::Text),
    format("JSON", "application/json", &["json", "jsonl", "ndjson"], Reading::Text),
    format("XML", "application/xml", &["xml"], Reading::Text),
    format("reStructuredText", "text/x-rst", &["rst"], Reading::Text),
    format("AsciiDoc", "text/asciidoc", &["adoc", "asciidoc"], Reading::Text),
    format(
        "source code",
        "text/plain",
        &[
            "rs", "py", "js", "ts", "c", "h", "cpp", "hpp", "java", "go", "rb", "php", "cs", "swift", "kt",
            "sh", "sql", "css", "toml", "yaml", "yml", "ini", "tex",
        ],
        Reading::Text,
    ),
];

impl Format {
    /// The format a file's name tells, if Sluice reads it.
    pub fn of_name(name: &str) -> Option<&'static Format> {
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        match file.rsplit_once('.') {
            // `.gitignore` is a name, not an ending.
            None | Some(("", _)) => Some(&FORMATS[0]),
            Some((_, extension)) => {
                let extension = extension.to_ascii_lowercase();
                FORMATS.iter().find(|it| it.extensions.contains(&extension.as_str()))
            }
        }
    }

    /// Whether its bytes are text as they are.
    pub fn is_text(&self) -> bool {
        matches!(self.reading, Reading::Text | Reading::Markdown)
    }
}

/// The endings of all formats as people read them: ".txt, .text, …".
pub fn supported() -> String {
    let endings: Vec<_> =
        FORMATS.iter().flat_map(|it| it.extensions).map(|extension| format!(".{extension}")).collect();
    endings.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_the_format() {
        for (name, media_type) in [
            ("notes.txt", Some("text/plain")),
            ("README", Some("text/plain")),
            ("docs.v2/README", Some("text/plain")),
            (".profile", Some("text/plain")),
            ("README.MD", Some("text/markdown")),
            ("paper.pdf", Some("application/pdf")),
            ("main.rs", Some("text/plain")),
            ("picture.png", None),
            ("archive.tar.gz", None),
        ] {
            assert_eq!(Format::of_name(name).map(|it| it.media_type), media_type, "{name}");
        }
    }
}
