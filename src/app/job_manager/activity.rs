//! What happened lately, as charts: jobs and chunks over time, and how long each stage took. Each chart has the same
//! numbers as a table.

use leptos::prelude::*;

use crate::app::components::{Seal, Sealed};
use crate::app::parts::Part;
use crate::app::{address, format};
use crate::domain::history::TimedStage;
use crate::domain::job::rfc3339;
use crate::domain::{History, HistoryPoint, HistoryRange, JobQuery, StageTimes};

/// A chart's height in its own units; its width is ten for each point.
const HEIGHT: f64 = 60.0;

#[component]
pub fn Activity(history: History, query: JobQuery) -> impl IntoView {
    let sum = |of: fn(&HistoryPoint) -> u64| history.points.iter().map(of).sum::<u64>();
    let totals = format!(
        "{} completed, {} failed, {}",
        format::counted(sum(|it| it.completed), "job"),
        format::count(sum(|it| it.failed)),
        format::counted(sum(|it| it.chunks), "chunk"),
    );
    let range = |range: HistoryRange| {
        let mut parameters = query.parameters();
        parameters.extend((range != HistoryRange::default()).then(|| ("activity", range.to_string())));
        let current = if range == history.range { "true" } else { "false" };
        view! { <li><a href=address::address("/", &parameters) aria-current=current>{label(range)}</a></li> }
    };
    view! {
        <section id=Part::Activity.id() class="activity" aria-label="Activity" data-testid="activity">
            <div class="list-head">
                <h2>"Activity"</h2>
                <p class="muted">{totals}</p>
                <ul class="ranges" aria-label="Range">{HistoryRange::ALL.map(range).collect_view()}</ul>
            </div>
            <div class="charts">
                {jobs_chart(&history)}
                {chunks_chart(&history)}
                {stages_chart(&history.stages)}
            </div>
            <details id="activity-table">
                <summary>"As tables"</summary>
                <div class="tables">{points_table(&history)} {stages_table(&history.stages)}</div>
            </details>
        </section>
    }
    .seal()
}

fn label(range: HistoryRange) -> &'static str {
    match range {
        HistoryRange::Hour => "Hour",
        HistoryRange::Day => "Day",
        HistoryRange::Week => "Week",
    }
}

/// How long a point lasts, in words.
fn step(history: &History) -> String {
    match history.step_seconds {
        60 => "minute".to_owned(),
        seconds if seconds < 3600 => format!("{} minutes", seconds / 60),
        seconds => format!("{} hours", seconds / 3600),
    }
}

/// A way to draw a number of each point, with the class that colours it.
type Series = (&'static str, fn(&HistoryPoint) -> u64);

fn jobs_chart(history: &History) -> Sealed {
    let series: [Series; 3] = [
        ("bar-completed", |it| it.completed),
        ("bar-failed", |it| it.failed),
        ("bar-cancelled", |it| it.cancelled),
    ];
    chart(&format!("Jobs ended per {}", step(history)), history, &series)
}

fn chunks_chart(history: &History) -> Sealed {
    chart(&format!("Chunks per {}", step(history)), history, &[("bar-chunks", |it| it.chunks)])
}

/// Bars over time, one on top of the other.
fn chart(title: &str, history: &History, series: &[Series]) -> Sealed {
    let all = |point: &HistoryPoint| series.iter().map(|(_, of)| of(point)).sum::<u64>();
    let most = history.points.iter().map(all).max().unwrap_or_default();
    let mut bars = Vec::new();
    for (place, point) in history.points.iter().enumerate() {
        let mut below = 0;
        for (class, of) in series {
            let count = of(point);
            if count == 0 {
                continue;
            }
            let height = (count as f64 / most as f64 * HEIGHT).max(1.0);
            let top = (HEIGHT - below as f64 / most as f64 * HEIGHT - height).max(0.0);
            bars.push(
                view! {
                    <rect class=*class x=(place * 10 + 1).to_string() y=units(top) width="8" height=units(height)></rect>
                }
                .seal(),
            );
            below += count;
        }
    }
    let words = format!("{title}: at most {}, {} points", format::count(most), history.points.len());
    view! {
        <figure class="chart">
            <figcaption>{title.to_owned()} " " <span class="muted">{format!("at most {}", format::count(most))}</span></figcaption>
            <svg
                role="img"
                aria-label=words
                viewBox=format!("0 0 {} {HEIGHT}", history.points.len() * 10)
                preserveAspectRatio="none"
            >
                {bars}
            </svg>
            <p class="axis muted"><span>{ago(history)}</span><span>"now"</span></p>
        </figure>
    }
    .seal()
}

fn ago(history: &History) -> &'static str {
    match history.range {
        HistoryRange::Hour => "an hour ago",
        HistoryRange::Day => "a day ago",
        HistoryRange::Week => "a week ago",
    }
}

/// A length in a chart's units, without digits nobody sees.
fn units(length: f64) -> String {
    format!("{length:.1}")
}

fn name(stage: TimedStage) -> &'static str {
    match stage {
        TimedStage::Waiting => "Waiting",
        TimedStage::Reading => "Reading",
        TimedStage::Indexing => "Indexing",
    }
}

/// The longest time on the scale of stages, in milliseconds, at least.
const SCALE: f64 = 10_000.0;

/// For each stage a line from half of the jobs to 99 of 100, on a logarithmic scale, with a mark at nine of ten.
fn stages_chart(stages: &[StageTimes]) -> Sealed {
    let longest = stages.iter().map(|it| it.p99_ms as f64).fold(SCALE, f64::max);
    let place = |ms: u64| (1.0 + ms as f64).ln() / (1.0 + longest).ln() * 300.0;
    let rows: Vec<_> = stages
        .iter()
        .map(|it| {
            let (from, mark, to) = (place(it.p50_ms), place(it.p90_ms), place(it.p99_ms));
            let words = match it.count {
                0 => "nothing measured".to_owned(),
                _ => format!(
                    "{} · {} · {}",
                    format::duration(it.p50_ms as i64),
                    format::duration(it.p90_ms as i64),
                    format::duration(it.p99_ms as i64)
                ),
            };
            let drawn = (it.count > 0).then(|| {
                view! {
                    <rect class="span" x=units(from) y="5" width=units((to - from).max(2.0)) height="4"></rect>
                    <rect class="span-mark" x=units(mark - 1.0) y="2" width="3" height="10"></rect>
                }
            });
            view! {
                <li>
                    <span class="stage-name">{name(it.stage)}</span>
                    <svg role="img" aria-label=format!("{}: {words}", name(it.stage)) viewBox="0 0 304 14" preserveAspectRatio="none">
                        <rect class="track" x="0" y="6" width="304" height="2"></rect>
                        {drawn}
                    </svg>
                    <span class="stage-times muted" aria-hidden="true">{words.clone()}</span>
                </li>
            }
            .seal()
        })
        .collect();
    view! {
        <figure class="chart stages">
            <figcaption>"How long stages take" <span class="muted">" 50 · 90 · 99 of 100 jobs"</span></figcaption>
            <ul>{rows}</ul>
        </figure>
    }
    .seal()
}

fn points_table(history: &History) -> Sealed {
    let row = |point: &HistoryPoint| {
        let counts = [point.accepted, point.completed, point.failed, point.cancelled, point.chunks];
        let from = view! { <time datetime=rfc3339::text(&point.at)>{format::date_time(&point.at)}</time> };
        (from.seal(), counts.map(format::count).to_vec())
    };
    // Steps in which nothing happened only lengthen it.
    let busy = |point: &&HistoryPoint| point.accepted + point.completed + point.failed + point.cancelled > 0;
    table(
        format!("By {} (UTC), latest first, without those in which nothing happened", step(history)),
        &["From", "Accepted", "Completed", "Failed", "Cancelled", "Chunks"],
        history.points.iter().rev().filter(busy).map(row).collect(),
    )
}

fn stages_table(stages: &[StageTimes]) -> Sealed {
    let row = |it: &StageTimes| {
        let times = [it.p50_ms, it.p90_ms, it.p99_ms].map(|it| format::duration(it as i64));
        (name(it.stage).seal(), [vec![format::count(it.count)], times.to_vec()].concat())
    };
    table(
        "How long stages took: so many of 100 jobs were through by then".to_owned(),
        &["Stage", "Jobs", "50", "90", "99"],
        stages.iter().map(row).collect(),
    )
}

/// Rows of a head and numbers.
fn table(caption: String, heads: &[&'static str], rows: Vec<(Sealed, Vec<String>)>) -> Sealed {
    let heads: Vec<_> = heads.iter().map(|it| view! { <th scope="col">{*it}</th> }.seal()).collect();
    let row = |(head, cells): (Sealed, Vec<String>)| {
        let cells: Vec<_> = cells.into_iter().map(|it| view! { <td>{it}</td> }.seal()).collect();
        view! { <tr><th scope="row">{head}</th> {cells}</tr> }.seal()
    };
    view! {
        <table class="numbers">
            <caption>{caption}</caption>
            <thead><tr>{heads}</tr></thead>
            <tbody>{rows.into_iter().map(row).collect_view()}</tbody>
        </table>
    }
    .seal()
}
