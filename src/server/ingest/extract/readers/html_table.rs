//! The tables of a page: each row a line, with all of its cells. A page that is laid out in a table keeps its lines.

use htmd::Element;
use htmd::element_handler::{HandlerResult, Handlers};

/// Stands before each cell until its row is complete. In no text, because it is no character.
const CELL: char = '\u{fdd0}';

/// A row of more bytes than this is not a row, but a part of the page.
const LONGEST: usize = 1500;

pub fn cell(handlers: &dyn Handlers, element: Element) -> Option<HandlerResult> {
    let content = handlers.walk_children(element.node).content;
    Some(format!("{CELL}{}", content.trim()).into())
}

pub fn row(handlers: &dyn Handlers, element: Element) -> Option<HandlerResult> {
    let content = handlers.walk_children(element.node).content;
    let mut cells: Vec<_> = content.split(CELL).map(str::trim).collect();
    // What comes before the first cell is nothing, or what is not in any.
    if cells.first().is_some_and(|it| it.is_empty()) {
        cells.remove(0);
    }
    if cells.iter().all(|it| it.is_empty()) {
        return None;
    }
    if content.len() > LONGEST || cells.len() == 1 || cells.iter().any(|it| is_page(it)) {
        cells.retain(|it| !it.is_empty());
        return Some(format!("\n\n{}\n\n", cells.join("\n\n")).into());
    }
    let cells: Vec<_> = cells.iter().map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    Some(format!("\n| {} |", cells.join(" | ")).into())
}

/// Whether it has headings, rows or code of its own.
fn is_page(cell: &str) -> bool {
    cell.lines().any(|line| line.starts_with(['#', '|']) || line.starts_with("```"))
}

pub fn block(handlers: &dyn Handlers, element: Element) -> Option<HandlerResult> {
    let content = handlers.walk_children(element.node).content;
    let content = content.trim_matches('\n');
    (!content.is_empty()).then(|| format!("\n\n{content}\n\n").into())
}

#[cfg(test)]
mod tests {
    use super::super::html::to_markdown;

    #[test]
    fn a_row_is_a_line_with_all_of_its_cells() {
        for (html, text) in [
            (
                "<table><tr><th>Product Type</th><td>Books</td></tr>\n<tr><th>Price</th>\n<td>5</td></tr></table>",
                "| Product Type | Books |\n| Price | 5 |",
            ),
            (
                "<table><caption>Locks</caption><thead><tr><th>a</th><th>b</th></tr></thead>\n<tbody>\n<tr><td>1<br>2</td>\
                 <td></td></tr></tbody><tfoot><tr><td>3</td><td><p>4</p><p>5</p></td></tr></tfoot></table>",
                "Locks\n\n| a | b |\n| 1 2 |  |\n| 3 | 4 5 |",
            ),
            ("before<table><tr><td>a</td><td>b</td></tr></table>after", "before\n\n| a | b |\n\nafter"),
        ] {
            assert_eq!(to_markdown(html).unwrap().trim(), text, "{html}");
        }
    }

    #[test]
    fn a_page_laid_out_in_a_table_keeps_its_headings_and_tables() {
        let html = "<table><tr><td>menu</td><td><h1>One</h1><p>text</p><table><tr><td>a</td><td>b</td></tr></table></td></tr>\
                    </table>";
        assert_eq!(to_markdown(html).unwrap().trim(), "menu\n\n# One\n\ntext\n\n| a | b |");
    }
}
