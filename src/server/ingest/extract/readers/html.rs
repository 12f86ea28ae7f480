//! HTML, by way of Markdown.

use htmd::element_handler::{HandlerResult, Handlers};
use htmd::options::Options;
use htmd::{Element, HtmlToMarkdown};

use super::{Sink, Unreadable, fact, html_table};
use crate::domain::Location;
use crate::server::ingest::extract::{markdown, text};

/// Elements inside each other. Beyond, the parser's time grows with the square of the depth.
const DEEPEST: usize = 1000;

/// What is no text of the page.
const SKIPPED: [&str; 7] = ["script", "style", "head", "noscript", "template", "svg", "iframe"];

pub fn read(bytes: &[u8], at: &Location, sink: Sink<'_>) -> Result<(), Unreadable> {
    let (html, guess) = text::decode_marked_up(bytes, "charset=");
    if let Some(encoding) = guess {
        sink(super::Extracted::Warning(text::guessed(encoding)));
    }
    fact(sink, "title", title(&html));
    let markdown = to_markdown(&html)?;
    sink(super::Extracted::Place(at.clone()));
    markdown::extract(&markdown, at, sink);
    Ok(())
}

/// The text of a page as Markdown.
pub fn to_markdown(html: &str) -> Result<String, Unreadable> {
    if depth(html) > DEEPEST {
        return Ok(without_tags(html));
    }
    let converter = HtmlToMarkdown::builder()
        // Keeps the spaces around a word of code.
        .options(Options { preformatted_code: true, ..Options::default() })
        .skip_tags(SKIPPED.to_vec())
        // The words of a link, without where it leads, and words as they are, whatever they look like.
        .add_handler(vec!["a", "b", "strong", "i", "em"], inside)
        .add_handler(vec!["code"], code)
        .add_handler(vec!["img"], picture)
        .add_handler(vec!["th", "td"], html_table::cell)
        .add_handler(vec!["tr"], html_table::row)
        .add_handler(vec!["thead", "tbody", "tfoot"], inside)
        .add_handler(vec!["table", "caption"], html_table::block)
        .build();
    let markdown = converter.convert(html).map_err(Unreadable::damaged)?;
    Ok(unescaped(&markdown))
}

fn inside(handlers: &dyn Handlers, element: Element) -> Option<HandlerResult> {
    Some(handlers.walk_children(element.node))
}

/// A block of code in its fences, and code within a line as the words it is.
fn code(handlers: &dyn Handlers, element: Element) -> Option<HandlerResult> {
    // Walked once, because code may lie in code, and each again would double the work.
    let marked = handlers.fallback(element)?.content;
    let marks = marked.bytes().take_while(|byte| *byte == b'`').count();
    let is_block = marks > 2 && marked.ends_with(&format!("\n{}", &marked[..marks]));
    if is_block || marked.len() < 2 * marks {
        return Some(marked.into());
    }
    Some(marked[marks..marked.len() - marks].into())
}

/// What is said of a picture, without where it is.
fn picture(_: &dyn Handlers, element: Element) -> Option<HandlerResult> {
    let said = element.attrs.iter().find(|it| &*it.name.local == "alt")?;
    let words = said.value.split_whitespace().collect::<Vec<_>>().join(" ");
    (!words.is_empty()).then(|| format!(" {words} ").into())
}

/// Markdown without the backslashes that keep its own marks from being read as such: nobody renders it.
fn unescaped(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    let mut characters = markdown.chars().peekable();
    while let Some(character) = characters.next() {
        let escapes = character == '\\' && characters.peek().is_some_and(char::is_ascii_punctuation);
        // At the start of a line it keeps a word from becoming a heading.
        let is_heading = escapes && characters.peek() == Some(&'#');
        if !escapes || is_heading {
            text.push(character);
        } else {
            text.extend(characters.next());
        }
    }
    text
}

/// The text between the first `<title>` and its end.
pub fn title(html: &str) -> Option<String> {
    let head = &html[..html.floor_char_boundary(64 << 10)];
    let lower = head.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    Some(without_tags(&head[start..end]).split_whitespace().collect::<Vec<_>>().join(" "))
}

/// How deep elements lie inside each other, roughly: as if each tag that opens were closed by one that closes.
fn depth(html: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for tag in html.split('<').skip(1) {
        match tag.as_bytes().first() {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(first) if first.is_ascii_alphabetic() && !is_void(tag) => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            _ => {}
        }
    }
    deepest
}

/// Elements that have no end.
fn is_void(tag: &str) -> bool {
    let name = tag.split(|it: char| !it.is_ascii_alphanumeric()).next().unwrap_or_default();
    let never_closed = ["br", "hr", "img", "input", "link", "meta", "col", "area", "base", "wbr", "source"];
    let often_not = ["p", "li", "dt", "dd", "tr", "td", "th", "option"];
    let end = tag.find('>').map_or(tag, |end| &tag[..end]);
    end.ends_with('/') || never_closed.iter().chain(&often_not).any(|it| name.eq_ignore_ascii_case(it))
}

/// The text alone, for what is not worth parsing.
fn without_tags(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    for (number, piece) in html.split('<').enumerate() {
        let words = if number == 0 { piece } else { piece.split_once('>').map_or("", |(_, after)| after) };
        if number > 0 && !words.is_empty() {
            text.push(' ');
        }
        text.push_str(words);
    }
    for (entity, character) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")]
    {
        text = text.replace(entity, character);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_becomes_its_headings_and_their_text() {
        let html = "<html><head><title>A &amp; <b>B</b></title><style>x{}</style></head><body><h1>One</h1><p>text<br>\
                    more</p><script>no()</script><h2>Two</h2><ul><li>item <a href='there'>linked</a> \\*_x &lt;y&gt;</li></ul></body></html>";
        let mut found = Vec::new();
        read(html.as_bytes(), &Location::default(), &mut |it| found.push(it)).unwrap();
        let text: String = found
            .iter()
            .filter_map(
                |it| if let super::super::Extracted::Text(text) = it { Some(text.as_str()) } else { None },
            )
            .collect();
        assert!(text.contains("item linked") && text.contains("_x <y>") && !text.contains("there"), "{text}");
        assert!(text.contains("# One") && text.contains("item") && !text.contains("no()"), "{text}");
        let title = super::super::Extracted::Fact("title".into(), "A & B".into());
        assert!(found.contains(&title), "{found:?}");
        let under = Location { headings: vec!["One".into(), "Two".into()], ..Location::default() };
        assert!(found.contains(&super::super::Extracted::Place(under)), "{found:?}");
    }

    #[test]
    fn words_are_not_split_or_decorated_by_markup() {
        for (html, text) in [
            ("lib<b>foo</b>1 and <i>li</i>ve<strong>ly</strong>", "libfoo1 and lively"),
            (
                "call <code>open_file()</code> or <code>x</code>y, a<code> b</code>",
                "call open_file() or xy, a b",
            ),
            ("<code>a<code>b</code> c</code>", "ab c"),
            ("<b>bold</b> <em>words <b>within</b></em> words", "bold words within words"),
            ("H<sub>2</sub>O is <u>wa</u>ter", "H2O is water"),
            ("<img src=x.png alt='A  gate'><img src=y.png>open", "A gate open"),
            ("<a href=n><img src='next.png' alt='Next'></a>page", "Next page"),
            ("<pre><code>fn a() {}\n# b</code></pre>", "```\nfn a() {}\n# b\n```"),
        ] {
            assert_eq!(to_markdown(html).unwrap().trim(), text, "{html}");
        }
    }

    #[test]
    fn code_within_code_is_walked_once() {
        let html = format!("{}deep{}", "<code>".repeat(60), "</code>".repeat(60));
        assert!(to_markdown(&html).unwrap().contains("deep"));
    }

    #[test]
    fn what_is_nested_too_deeply_is_read_without_its_tags() {
        let html = format!("{}deep &lt;text&gt;{}", "<div>".repeat(200_000), "</div>".repeat(200_000));
        assert_eq!(to_markdown(&html).unwrap().trim(), "deep <text>");
    }
}
