//! Which files Sluice reads, known to the server and to the upload form alike.

/// A kind of file Sluice reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    pub name: &'static str,
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
    Rtf,
    Mail,
    Xml,
    /// Rows of values, the first of which names the columns.
    Table,
    /// Files in a file: each becomes a document of its own.
    Archive,
}

const fn format(name: &'static str, extensions: &'static [&'static str], reading: Reading) -> Format {
    Format { name, extensions, reading }
}

/// All of them. A file without an ending (`README`, `LICENSE`) counts as plain text.
pub const FORMATS: [Format; 20] = [
    format("plain text", &["txt", "text", "log"], Reading::Text),
    format("Markdown", &["md", "markdown", "mdown", "mkd", "mdx"], Reading::Markdown),
    format("PDF", &["pdf"], Reading::Pdf),
    format("Word", &["docx", "doc"], Reading::Office),
    format("PowerPoint", &["pptx", "ppt"], Reading::Office),
    format("Excel", &["xlsx", "xls", "xlsb"], Reading::Sheets),
    format("OpenDocument sheets", &["ods"], Reading::Sheets),
    format("OpenDocument", &["odt", "odp"], Reading::OpenDocument),
    format("EPUB", &["epub"], Reading::Epub),
    format("HTML", &["html", "htm", "xhtml"], Reading::Html),
    format("RTF", &["rtf"], Reading::Rtf),
    format("mail", &["eml"], Reading::Mail),
    format("mailbox", &["mbox"], Reading::Archive),
    format("archive", &["zip", "tar", "tgz", "gz"], Reading::Archive),
    format("CSV", &["csv", "tsv"], Reading::Table),
    format("JSON", &["json", "jsonl", "ndjson"], Reading::Text),
    format("XML", &["xml"], Reading::Xml),
    format("reStructuredText", &["rst"], Reading::Text),
    format("AsciiDoc", &["adoc", "asciidoc"], Reading::Text),
    format(
        "source code",
        &[
            "rs",
            "py",
            "js",
            "ts",
            "jsx",
            "tsx",
            "c",
            "h",
            "cc",
            "cpp",
            "hpp",
            "java",
            "go",
            "rb",
            "php",
            "cs",
            "swift",
            "kt",
            "scala",
            "lua",
            "pl",
            "r",
            "hs",
            "ex",
            "erl",
            "clj",
            "dart",
            "jl",
            "sh",
            "ps1",
            "bat",
            "sql",
            "css",
            "scss",
            "vue",
            "toml",
            "yaml",
            "yml",
            "ini",
            "cfg",
            "conf",
            "properties",
            "proto",
            "graphql",
            "tf",
            "cmake",
            "diff",
            "patch",
            "tex",
            "bib",
            "srt",
            "vtt",
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

    /// Its media type. Apart from the table, because the browser's half needs none.
    pub fn media_type(&self) -> &'static str {
        match self.name {
            "Markdown" => "text/markdown",
            "PDF" => "application/pdf",
            "Word" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "PowerPoint" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            "Excel" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "OpenDocument sheets" => "application/vnd.oasis.opendocument.spreadsheet",
            "OpenDocument" => "application/vnd.oasis.opendocument.text",
            "EPUB" => "application/epub+zip",
            "HTML" => "text/html",
            "RTF" => "application/rtf",
            "mail" => "message/rfc822",
            "mailbox" => "application/mbox",
            "archive" => "application/zip",
            "CSV" => "text/csv",
            "JSON" => "application/json",
            "XML" => "application/xml",
            "reStructuredText" => "text/x-rst",
            "AsciiDoc" => "text/asciidoc",
            _ => "text/plain",
        }
    }

    /// The first format that is read so; for `Text`, plain text.
    pub fn of_reading(reading: Reading) -> &'static Format {
        FORMATS.iter().find(|it| it.reading == reading).unwrap_or(&FORMATS[0])
    }

    /// Whether its bytes are text as they are.
    pub fn is_text(&self) -> bool {
        matches!(self.reading, Reading::Text | Reading::Markdown | Reading::Table)
    }

    /// Whether each of the files in it becomes a document.
    pub fn is_archive(&self) -> bool {
        self.reading == Reading::Archive
    }
}

/// All formats with an ending of each, as people read them.
pub fn supported() -> String {
    FORMATS.map(|it| format!("{} (.{})", it.name, it.extensions[0])).join(", ")
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
            ("archive.tar.gz", Some("application/zip")),
        ] {
            assert_eq!(Format::of_name(name).map(Format::media_type), media_type, "{name}");
        }
    }
}
