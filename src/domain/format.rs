//! Which files Sluice reads, known to the server and to the upload form alike.

/// A kind of file Sluice reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    pub name: &'static str,
    pub media_type: &'static str,
    /// File name endings, lower case, without the dot.
    pub extensions: &'static [&'static str],
}

/// All of them. A file without an ending (`README`, `LICENSE`) counts as plain text.
pub const FORMATS: [Format; 4] = [
    Format { name: "plain text", media_type: "text/plain", extensions: &["txt", "text", "log"] },
    Format {
        name: "Markdown",
        media_type: "text/markdown",
        extensions: &["md", "markdown", "mdown", "mkd", "mdx"],
    },
    Format { name: "reStructuredText", media_type: "text/x-rst", extensions: &["rst"] },
    Format { name: "AsciiDoc", media_type: "text/asciidoc", extensions: &["adoc", "asciidoc"] },
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
            ("paper.pdf", None),
            ("archive.tar.gz", None),
        ] {
            assert_eq!(Format::of_name(name).map(|it| it.media_type), media_type, "{name}");
        }
    }
}
