//! Parts of an Office document that its model leaves out or puts elsewhere: the notes of slides, diagrams, comments,
//! and the notes at the foot of pages.

use std::collections::HashSet;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use undoc::OoxmlContainer;

use super::xml;

/// What a document has beside its text: notes at the foot of its pages, comments and diagrams.
pub fn beside(container: &OoxmlContainer) -> String {
    let mut parts: Vec<_> =
        ["footnotes", "endnotes", "comments"].iter().map(|it| format!("word/{it}.xml")).collect();
    parts.extend(numbered(container, "word/diagrams/data"));
    parts.iter().map(|part| text_of(container, part)).collect()
}

/// What each of so many slides has beside what it shows, in their order: the text of diagrams, and the speaker's
/// notes. `None` if the order is not told.
pub fn of_slides(container: &OoxmlContainer, count: usize) -> Option<Vec<String>> {
    const SHOW: &str = "ppt/presentation.xml";
    let relations = container.read_optional_relationships_for_part(SHOW).ok()?;
    let slides = slides(&container.read_xml(SHOW).ok()?);
    if slides.len() != count {
        return None;
    }
    let paths =
        slides.iter().map(|id| relations.get(id).map(|it| OoxmlContainer::resolve_path(SHOW, &it.target)));
    // No part belongs to two slides, and none is read twice, however many lead to it.
    let mut seen = HashSet::new();
    Some(paths.map(|path| path.map(|it| of_slide(container, it, &mut seen)).unwrap_or_default()).collect())
}

fn of_slide(container: &OoxmlContainer, path: String, seen: &mut HashSet<String>) -> String {
    let mut text = String::new();
    if !seen.insert(path.clone()) {
        return text;
    }
    let Ok(relations) = container.read_optional_relationships_for_part(&path) else { return text };
    for kind in ["/diagramData", "/notesSlide"] {
        let of_kind = relations.by_type.iter().filter(|(name, _)| name.ends_with(kind));
        for relation in of_kind.flat_map(|(_, them)| them) {
            let part = OoxmlContainer::resolve_path(&path, &relation.target);
            if seen.insert(part.clone()) {
                text.push_str(&text_of(container, &part));
            }
        }
    }
    text
}

/// The relations that lead to the slides, in their order.
fn slides(show: &str) -> Vec<String> {
    let mut reader = Reader::from_str(show);
    let mut slides = Vec::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(slide) | Event::Empty(slide)) if slide.local_name().as_ref() == "sldId" => {
                slides.push(relation_of(&slide).unwrap_or_default());
            }
            Ok(Event::Eof) | Err(_) => return slides,
            Ok(_) => {}
        }
    }
}

/// There is an `id` without a prefix, too, which is something else.
fn relation_of(slide: &BytesStart<'_>) -> Option<String> {
    let id = slide.attributes().flatten().find(|it| it.key.as_ref().ends_with(":id"));
    id.map(|it| it.value.to_string())
}

fn numbered(container: &OoxmlContainer, prefix: &str) -> Vec<String> {
    let mut parts = container.list_files_with_prefix(prefix);
    parts.retain(|it| it.ends_with(".xml"));
    parts.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    parts
}

/// The text of a part, a line for each paragraph. A part that cannot be read has none.
fn text_of(container: &OoxmlContainer, part: &str) -> String {
    container.read_xml_optional(part).ok().flatten().map(|xml| text(&xml)).unwrap_or_default()
}

fn text(xml: &str) -> String {
    /// What was removed, what is there for older programs, and numbers that the program sets.
    const SKIPPED: [&str; 4] = ["Fallback", "del", "moveFrom", "fld"];
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = false;
    let (mut text, mut skipped, mut inside) = (String::new(), 0_usize, false);
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => match start.local_name().as_ref() {
                name if SKIPPED.contains(&name) => skipped += 1,
                name => inside = name == "t" && skipped == 0,
            },
            Ok(Event::Empty(empty)) if matches!(empty.local_name().as_ref(), "tab" | "br" | "cr") => {
                text.push(' ')
            }
            Ok(Event::End(end)) => {
                inside = false;
                match end.local_name().as_ref() {
                    name if SKIPPED.contains(&name) => skipped = skipped.saturating_sub(1),
                    "br" => text.push(' '),
                    "p" => end_line(&mut text),
                    _ => {}
                }
            }
            Ok(Event::Text(words)) if inside => text.push_str(words.as_ref()),
            Ok(Event::GeneralRef(entity)) if inside => text.push_str(&xml::character(&entity)),
            Ok(Event::Eof) | Err(_) => {
                end_line(&mut text);
                return text;
            }
            Ok(_) => {}
        }
    }
}

/// No line is without words.
fn end_line(text: &mut String) {
    text.truncate(text.trim_end().len());
    if !text.is_empty() {
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn container(members: &[(&str, &str)]) -> OoxmlContainer {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut archive = zip::ZipWriter::new(&mut bytes);
        for (name, content) in members {
            archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(content.as_bytes()).unwrap();
        }
        archive.finish().unwrap();
        OoxmlContainer::from_bytes(bytes.into_inner()).unwrap()
    }

    #[test]
    fn a_part_is_read_by_paragraphs_without_what_was_removed() {
        for (xml, expected) in [
            (
                "<w:p><w:r><w:t>a </w:t></w:r><w:r><w:t>b&amp;c</w:t><w:br/><w:t>d</w:t></w:r></w:p><w:p/>",
                "a b&c d\n",
            ),
            (
                "<a:p><a:t>a</a:t></a:p><a:p><a:fld><a:t>7</a:t></a:fld></a:p><a:p><a:t>b</a:t></a:p>",
                "a\nb\n",
            ),
            ("<w:p><w:del><w:r><w:t>gone</w:t></w:r></w:del><w:r><w:t>kept</w:t></w:r></w:p>", "kept\n"),
            ("<w:p><w:instrText>PAGE</w:instrText><w:t>cut of", "cut of\n"),
            ("", ""),
        ] {
            assert_eq!(text(xml), expected, "{xml}");
        }
    }

    #[test]
    fn notes_and_diagrams_belong_to_the_slide_that_leads_to_them() {
        let relations = |them: &[(&str, &str, &str)]| {
            let them = them.iter().map(|(id, kind, to)| {
                format!("<Relationship Id=\"{id}\" Type=\"http://x/{kind}\" Target=\"{to}\"/>")
            });
            format!("<Relationships>{}</Relationships>", them.collect::<String>())
        };
        let container = container(&[
            ("[Content_Types].xml", "<Types/>"),
            (
                "ppt/presentation.xml",
                "<p:sldIdLst><p:sldId id=\"256\" r:id=\"rId2\"/><p:sldId id=\"257\" r:id=\"rId1\"/></p:sldIdLst>",
            ),
            (
                "ppt/_rels/presentation.xml.rels",
                &relations(&[("rId1", "slide", "slides/slide1.xml"), ("rId2", "slide", "slides/slide2.xml")]),
            ),
            (
                "ppt/slides/_rels/slide1.xml.rels",
                &relations(&[("r", "diagramData", "../diagrams/data4.xml")]),
            ),
            (
                "ppt/slides/_rels/slide2.xml.rels",
                &relations(&[("r", "notesSlide", "../notesSlides/notesSlide1.xml")]),
            ),
            ("ppt/notesSlides/notesSlide1.xml", "<a:p><a:t>of the second file</a:t></a:p>"),
            ("ppt/diagrams/data4.xml", "<a:p><a:t>of the first file</a:t></a:p>"),
        ]);
        let expected = Some(vec!["of the second file\n".to_owned(), "of the first file\n".to_owned()]);
        assert_eq!(of_slides(&container, 2), expected);
        assert_eq!(of_slides(&container, 3), None);
    }

    #[test]
    fn a_document_has_notes_comments_and_diagrams_beside_its_text() {
        let container = container(&[
            ("word/footnotes.xml", "<w:p><w:t>One.</w:t></w:p><w:p><w:t>Two.</w:t></w:p>"),
            ("word/comments.xml", "<w:p><w:t>Sure?</w:t></w:p>"),
            ("word/diagrams/data1.xml", "<a:p><a:t>box</a:t></a:p>"),
        ]);
        assert_eq!(beside(&container), "One.\nTwo.\nSure?\nbox\n");
    }
}
