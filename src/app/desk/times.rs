//! Times in words ("3 min ago"), with the exact moment in UTC and in local time on hover.
//!
//! The server writes moments in UTC. In the browser every `<time>` that is not an island's own is put into words, and
//! kept so. The exact moment is worked out when somebody asks: it is slow, and a list has a thousand.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event};

use crate::app::format;

/// How often the words are looked at.
const STEP: Duration = Duration::from_secs(10);

/// Puts the page's times into words, now and from then on.
pub fn keep() {
    put_into_words();
    let _ = set_interval_with_handle(put_into_words, STEP);
    super::on(&document(), "pointerover", |event: Event| {
        let target = event.target().and_then(|it| it.dyn_into::<Element>().ok());
        if let Some(time) = target.and_then(|it| it.closest("time[datetime]").ok().flatten()) {
            let _ = time.set_attribute("title", &exact(&time.get_attribute("datetime").unwrap_or_default()));
        }
    });
}

/// Puts times into words that have come since.
pub fn put_into_words() {
    let now = js_sys::Date::now() as i64;
    let Ok(times) = document().query_selector_all("time.ago") else { return };
    for index in 0..times.length() {
        let Some(time) = times.get(index).and_then(|it| it.dyn_into::<Element>().ok()) else { continue };
        let machine = time.get_attribute("datetime").unwrap_or_default();
        let at = js_sys::Date::parse(&machine);
        if at.is_nan() {
            continue;
        }
        let words = format::ago(now - at as i64);
        if time.text_content().as_deref() != Some(words.as_str()) {
            time.set_text_content(Some(&words));
        }
    }
}

/// A moment as the exact UTC and the exact local time: `2024-01-15T10:30:00.000Z · 15/01/2024, 11:30:00`.
fn exact(machine: &str) -> String {
    let local = js_sys::Date::new(&machine.into()).to_locale_string("default", &js_sys::Object::new());
    format!("{machine} · {}", String::from(local))
}
