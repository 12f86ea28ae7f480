//! The headings of Markdown, as places.

use crate::domain::Location;

/// Follows the lines of a Markdown text, and knows which headings they are under.
#[derive(Debug, Default)]
pub struct Headings {
    /// Level and text of the headings that the present line is under.
    above: Vec<(usize, String)>,
    /// Within a fenced block of code, which ends with the same mark.
    fence: Option<char>,
    /// A line that has not ended yet.
    partial: String,
}

/// The longest line looked at, in bytes; a longer one is no heading.
const LONGEST: usize = 1000;

impl Headings {
    /// Takes text cut anywhere, and gives it line by line with where each line is.
    pub fn push(&mut self, text: &str, mut sink: impl FnMut(&str, Option<Vec<String>>)) {
        let mut rest = text;
        while let Some(end) = rest.find('\n') {
            let (line, after) = rest.split_at(end + 1);
            rest = after;
            if self.partial.is_empty() {
                let moved = self.line(line);
                sink(line, moved);
            } else {
                self.partial.push_str(line);
                let line = std::mem::take(&mut self.partial);
                let moved = self.line(&line);
                sink(&line, moved);
            }
        }
        self.partial.push_str(rest);
        if self.partial.len() > LONGEST {
            sink(&std::mem::take(&mut self.partial), None);
        }
    }

    /// Gives the last line, if it did not end.
    pub fn finish(&mut self, mut sink: impl FnMut(&str, Option<Vec<String>>)) {
        let line = std::mem::take(&mut self.partial);
        if !line.is_empty() {
            let moved = self.line(&line);
            sink(&line, moved);
        }
    }

    /// The headings the line and those after it are under, if the line is a heading.
    fn line(&mut self, line: &str) -> Option<Vec<String>> {
        let line = line.trim();
        if let Some(mark) = ['`', '~'].into_iter().find(|mark| line.starts_with(&mark.to_string().repeat(3)))
        {
            match self.fence {
                None => self.fence = Some(mark),
                Some(open) if open == mark => self.fence = None,
                Some(_) => {}
            }
            return None;
        }
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        let text = line[level..].trim_start();
        if self.fence.is_some()
            || !(1..=6).contains(&level)
            || text.len() == line.len() - level
            || text.is_empty()
        {
            return None;
        }
        self.above.retain(|(other, _)| *other < level);
        let text = text.trim_end_matches('#').trim_end();
        self.above.push((level, text.chars().take(120).collect()));
        Some(self.above.iter().map(|(_, text)| text.clone()).collect())
    }
}

/// A whole Markdown text as a reader finds it: its lines, and at each heading the place.
pub fn extract(text: &str, at: &Location, mut sink: impl FnMut(super::Extracted)) {
    let mut headings = Headings::default();
    let mut gathered = String::new();
    let mut take = |line: &str, moved: Option<Vec<String>>| {
        if let Some(headings) = moved {
            if !gathered.is_empty() {
                sink(super::Extracted::Text(std::mem::take(&mut gathered)));
            }
            sink(super::Extracted::Place(Location { headings, ..at.clone() }));
        }
        gathered.push_str(line);
    };
    headings.push(text, &mut take);
    headings.finish(&mut take);
    if !gathered.is_empty() {
        sink(super::Extracted::Text(gathered));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_under_their_headings_wherever_the_text_is_cut() {
        let text = "intro\n# One\na\n## Two ##\nb\n```\n# no heading\n```\n# Three\nc #4\n#no\nend";
        for cut in 0..=text.len() {
            let mut headings = Headings::default();
            let (mut whole, mut seen) = (String::new(), Vec::new());
            let mut take = |line: &str, moved: Option<Vec<String>>| {
                whole.push_str(line);
                seen.extend(moved.map(|it| it.join("/")));
            };
            headings.push(&text[..cut], &mut take);
            headings.push(&text[cut..], &mut take);
            headings.finish(&mut take);
            assert_eq!(seen, ["One", "One/Two", "Three"], "cut at {cut}");
            assert_eq!(whole, text);
        }
    }
}
