//! The text of an Office document's model as Markdown: headings, rows of tables and items of lists are marked, and
//! words are as they are. What renders Markdown marks words, too, and tells where links and pictures are.

use undoc::model::RevisionType;
use undoc::{Block, Paragraph, Section, Table};

/// The blocks of a section. `notes` says whether to give those at the foot of pages.
pub fn blocks(section: &Section, notes: bool) -> String {
    let mut text = String::new();
    for block in &section.content {
        match block {
            Block::Paragraph(it) => paragraph(it, &mut text),
            Block::Table(it) => table(it, &mut text),
            Block::Note { content, .. } if notes => paragraphs(content, &mut text),
            Block::Image { alt_text, .. } => picture(alt_text.as_deref(), &mut text),
            Block::Note { .. } | Block::PageBreak | Block::SectionBreak => {}
        }
    }
    text
}

pub fn paragraphs(paragraphs: &[Paragraph], text: &mut String) {
    for it in paragraphs {
        paragraph(it, text);
    }
}

fn paragraph(paragraph: &Paragraph, text: &mut String) {
    let words = words(paragraph);
    let level = usize::from(paragraph.heading.level());
    if level > 0 && !words.trim().is_empty() {
        text.push_str(&format!("{} {}\n\n", "#".repeat(level), one_line(&words)));
    } else if paragraph.list_info.is_some() && !words.trim().is_empty() {
        text.push_str(&format!("- {}\n", words.trim()));
    } else {
        lines(words.trim_end(), text);
    }
    for image in &paragraph.images {
        picture(image.alt_text.as_deref(), text);
    }
}

/// Lines of which none becomes a heading or a fence by how it begins.
fn lines(words: &str, text: &mut String) {
    if words.trim().is_empty() {
        return;
    }
    for line in words.lines() {
        if ["#", "```", "~~~"].iter().any(|mark| line.trim_start().starts_with(mark)) {
            text.push('\\');
        }
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
}

/// What is said of a picture, if it is more than the name of a file or a number.
fn picture(said: Option<&str>, text: &mut String) {
    let said = said.map(one_line).unwrap_or_default();
    let is_name = said.rsplit_once('.').is_some_and(|(_, ending)| {
        (2..5).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    if said.contains(' ') && !is_name {
        lines(&said, text);
    }
}

/// A row is a line. Tables within tables come after them.
fn table(outermost: &Table, text: &mut String) {
    let mut tables = std::collections::VecDeque::from([outermost]);
    while let Some(table) = tables.pop_front() {
        for row in &table.rows {
            let cells: Vec<_> = row.cells.iter().map(|it| one_line(&cell(&it.content))).collect();
            if cells.iter().any(|it| !it.is_empty()) {
                text.push_str(&format!("| {} |\n", cells.join(" | ")));
            }
            tables.extend(row.cells.iter().flat_map(|it| &it.nested_tables));
        }
        text.push('\n');
    }
}

fn cell(content: &[Paragraph]) -> String {
    content.iter().map(words).collect::<Vec<_>>().join(" ")
}

/// The words of a paragraph without those that were removed from it.
fn words(paragraph: &Paragraph) -> String {
    let mut words = String::new();
    for run in paragraph.runs.iter().filter(|it| it.revision != RevisionType::Deleted) {
        words.push_str(&run.text);
        if run.line_break || run.page_break {
            words.push('\n');
        }
    }
    words
}

fn one_line(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use undoc::model::{ListInfo, TextStyle};
    use undoc::{Cell, HeadingLevel, Row, TextRun};

    use super::*;

    fn of(runs: Vec<TextRun>) -> Paragraph {
        Paragraph { runs, ..Paragraph::default() }
    }

    fn text(content: Vec<Block>) -> String {
        blocks(&Section { content, ..Section::default() }, true)
    }

    #[test]
    fn words_are_not_split_or_joined_or_decorated_by_markup() {
        let bold = || TextRun::styled("w", TextStyle::bold());
        let broken = TextRun { line_break: true, ..TextRun::plain("a shape") };
        let removed = TextRun { revision: RevisionType::Deleted, ..TextRun::plain("gone") };
        for (runs, expected) in [
            (vec![TextRun::plain("bro"), bold(), TextRun::plain("n")], "brown"),
            (vec![broken, TextRun::plain("with text")], "a shape\nwith text"),
            (vec![TextRun::link("a link", "mk:@MSITStore:x"), TextRun::note_reference("1")], "a link"),
            (vec![TextRun::plain("kept"), removed], "kept"),
            (vec![TextRun::plain("# no heading")], "\\# no heading"),
        ] {
            assert_eq!(text(vec![Block::Paragraph(of(runs))]).trim(), expected);
        }
    }

    #[test]
    fn headings_items_rows_and_what_is_said_of_pictures_are_kept() {
        let item = Paragraph { list_info: Some(ListInfo::default()), ..Paragraph::with_text("item") };
        let broken = TextRun { line_break: true, ..TextRun::plain("two") };
        let mut outer = Cell { content: vec![of(vec![broken, TextRun::plain("lines")])], ..Cell::default() };
        let row = |cells| Row { cells, ..Row::default() };
        outer.nested_tables = vec![Table { rows: vec![row(vec![Cell::with_text("inner")])], ..Table::new() }];
        let table = Table { rows: vec![row(vec![outer, Cell::with_text("b")])], ..Table::new() };
        let image = |said: &str| Block::Image {
            resource_id: "image4.jpeg".into(),
            alt_text: Some(said.into()),
            width: None,
            height: None,
        };
        let content = vec![
            Block::Paragraph(Paragraph::heading(HeadingLevel::H2, "Gates")),
            Block::Paragraph(item.clone()),
            Block::Paragraph(item),
            Block::Table(table),
            image("a map of the canal"),
            image("my map.jpeg"),
            image("image"),
        ];
        let expected = "## Gates\n\n- item\n- item\n| two lines | b |\n\n| inner |\n\na map of the canal\n\n";
        assert_eq!(text(content), expected);
    }
}
