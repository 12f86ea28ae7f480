//! PDF files, made for a test.

/// One with many pages, each with some lines of text.
pub fn long(pages: usize) -> Vec<u8> {
    let page = |page: usize| {
        let line = |line| {
            let up = 760 - line * 18;
            format!("1 0 0 1 72 {up} Tm (Page {page}, line {line} of the long survey.) Tj ")
        };
        (format!("BT /F1 12 Tf {} ET", (0..40).map(line).collect::<String>()), None)
    };
    written(&(1..=pages).map(page).collect::<Vec<_>>(), None)
}

/// One with three pages, of which the second makes its reader's stack overflow.
pub fn crashing() -> Vec<u8> {
    let page = |words: &str| format!("BT /F1 12 Tf 72 700 Td ({words}) Tj ET");
    // The first object after the font and two for each page.
    let deep = (page("the stork"), Some("10 0 R"));
    let pages = [(page("the heron is first"), None), deep, (page("the pelican is last"), None)];
    let depth = 2_000_000;
    let nested = format!("<< /Font {}{} >>", "[".repeat(depth), "]".repeat(depth));
    written(&pages, Some(nested))
}

/// One with a page of text and a page that is a picture.
pub fn pictured() -> Vec<u8> {
    let words = "BT /F1 12 Tf 72 700 Td (the heron is first) Tj ET".to_owned();
    written(&[(words, None), ("1 0 0 1 0 0 cm 72 72 400 600 re f".to_owned(), None)], None)
}

/// Pages with their content and, if these are not the usual ones, their resources.
fn written(pages: &[(String, Option<&str>)], last_object: Option<String>) -> Vec<u8> {
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        String::new(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut kids = String::new();
    for (content, resources) in pages {
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R /Resources {} >>",
            objects.len(),
            resources.unwrap_or("<< /Font << /F1 3 0 R >> >>"),
        ));
        kids.push_str(&format!("{} 0 R ", objects.len()));
    }
    objects[1] = format!("<< /Type /Pages /Count {} /Kids [{kids}] >>", pages.len());
    objects.extend(last_object);
    let (mut pdf, mut places) = (b"%PDF-1.4\n".to_vec(), Vec::new());
    for (number, object) in objects.iter().enumerate() {
        places.push(pdf.len());
        pdf.extend_from_slice(format!("{} 0 obj\n{object}\nendobj\n", number + 1).as_bytes());
    }
    let start = pdf.len();
    pdf.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).as_bytes());
    for place in places {
        pdf.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
    }
    let end = format!("trailer << /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF", objects.len() + 1);
    pdf.extend_from_slice(end.as_bytes());
    pdf
}
