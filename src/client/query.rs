//! `sluice query`: a question to the documents.

use std::process::ExitCode;

use clap::Args;

use super::connection::Connection;
use super::output::{Output, Tone, note};
use super::printable;
use crate::domain::{Answer, Query, Source};

/// Ask a question, and see the passages that answer it.
#[derive(Clone, Debug, Args)]
pub struct QueryArgs {
    /// The question. Any word may match, rarer ones count more; "words in quotes" must occur as they stand
    #[arg(required = true, value_name = "QUESTION")]
    pub words: Vec<String>,

    /// How many passages at most
    #[arg(long, value_name = "COUNT", default_value_t = Query::DEFAULT_MAX_CHUNKS,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(Query::MAX_CHUNKS)))]
    pub max_chunks: u32,

    #[command(flatten)]
    pub connection: Connection,
}

/// Runs the command.
pub async fn run(args: QueryArgs) -> anyhow::Result<ExitCode> {
    let (client, output) = (args.connection.client()?, args.connection.output());
    let query = Query { question: args.words.join(" "), max_chunks: args.max_chunks };
    let answer = client.query(&query).await?;
    if output.is_json() {
        output.json(&answer)?;
    } else {
        print(output, &answer)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(output: Output, answer: &Answer) -> anyhow::Result<()> {
    output.line(printable::lines(&answer.answer))?;
    for (place, source) in answer.sources.iter().enumerate() {
        output.line("")?;
        output.line(heading(output, place + 1, source))?;
        output.line(snippet(output, &source.snippet))?;
    }
    note(&format!("\n{:.1} ms", answer.metadata.took_ms));
    Ok(())
}

fn heading(output: Output, number: usize, source: &Source) -> String {
    let name = output.toned(Tone::Strong, &printable::line(&source.document_name));
    let place = match source.place.as_str() {
        "" => String::new(),
        place => format!(", {}", printable::line(place)),
    };
    let more = format!("{place}, score {:.2}, document {}", source.score, source.document_id);
    format!("[{number}] {name}{}", output.toned(Tone::Quiet, &more))
}

/// The snippet's HTML as text; what matched stands out where colours are shown.
fn snippet(output: Output, html: &str) -> String {
    let mut text = String::new();
    for (place, piece) in html.split("<mark>").enumerate() {
        let (marked, rest) =
            if place == 0 { ("", piece) } else { piece.split_once("</mark>").unwrap_or((piece, "")) };
        text.push_str(&output.toned(Tone::Strong, &shown(marked)));
        text.push_str(&shown(rest));
    }
    text
}

fn shown(html: &str) -> String {
    let escapes = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&amp;", "&")];
    let text = escapes
        .into_iter()
        .fold(html.to_owned(), |text, (escape, character)| text.replace(escape, character));
    printable::lines(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_becomes_text_with_its_matches_marked() {
        let html = "a &lt;b&gt; &amp;amp; <mark>gate\u{1b}[2J</mark> of\nthe <mark>lock</mark>";
        assert_eq!(snippet(Output::of_file(), html), "a <b> &amp; gate\\u{1b}[2J of\nthe lock");
        assert!(snippet(Output::of_terminal(80), html).ends_with("the \u{1b}[1mlock\u{1b}[0m"));
    }
}
