//! Keeps a view current: follows the event stream, and asks the server now and then while the
//! stream is broken. Everything happens in effects, so nothing of it runs on the server.

mod connection;

use leptos::prelude::*;

use super::components::{effect, holds};

pub use self::connection::Changes;
use self::connection::Connection;

/// The connection as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveState {
    Connecting,
    Live,
    Reconnecting,
    Paused,
}

impl LiveState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Reconnecting => "reconnecting",
            Self::Paused => "paused",
        }
    }

    pub fn text(self) -> &'static str {
        match self {
            // It takes a moment, and words that come and go at once only flicker.
            Self::Connecting => "",
            Self::Live => "Live",
            Self::Reconnecting => "Reconnecting…",
            Self::Paused => "Paused",
        }
    }
}

/// How a freshly loaded view relates to what the stream has told so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Loaded {
    /// The view is older: the stream must tell again what came since.
    behind: bool,
    /// The view is newer: the stream is late, or dead.
    ahead: bool,
}

/// Shared by a view and the stream that keeps it current.
#[derive(Clone, Copy, Debug)]
pub struct Live {
    /// The person's switch.
    pub wanted: RwSignal<bool>,
    pub state: RwSignal<LiveState>,
    /// The change number up to which the view is current: where a new stream starts.
    cursor: StoredValue<u64>,
    loaded: RwSignal<Loaded>,
}

impl Live {
    pub fn new() -> Self {
        Self {
            wanted: RwSignal::new(true),
            state: RwSignal::new(LiveState::Connecting),
            cursor: StoredValue::new(0),
            loaded: RwSignal::new(Loaded::default()),
        }
    }

    /// Tells that the view was loaded from the server as of change `seq`, all of it (`whole`) or a
    /// part, such as one more page.
    pub fn loaded(self, seq: u64, whole: bool) {
        let cursor = self.cursor.get_value();
        let loaded = Loaded { behind: seq < cursor, ahead: seq > cursor };
        if whole || loaded.behind {
            self.cursor.set_value(seq);
        }
        self.loaded.set(loaded);
    }
}

/// Follows the stream while the switch is on, the page is visible and `active` holds.
///
/// `apply` gets what changed, gathered for a moment. `reload` must load the view from the
/// server and then call [`Live::loaded`]; it is called when the stream cannot tell what was missed.
pub fn follow(live: Live, active: Memo<bool>, apply: Callback<Changes>, reload: Callback<()>) {
    // A page nobody sees closes its stream: browsers allow six connections to one server, and slow
    // down hidden pages so far that events would pile up.
    let hidden = RwSignal::new(false);
    effect(move || {
        hidden.set(document().hidden());
        let watch = window_event_listener_untyped("visibilitychange", move |_| {
            hidden.set(document().hidden());
        });
        on_cleanup(move || watch.remove());
    });

    let open = holds(move || active.get() && live.wanted.get() && !hidden.get());
    effect(move || {
        if !live.wanted.get() {
            live.state.set(LiveState::Paused);
        } else if live.state.get_untracked() == LiveState::Paused {
            live.state.set(LiveState::Connecting);
        }
    });
    // The effect's value is the open connection; a new run, or the end of the view, drops it, and
    // dropping closes it.
    Effect::new(move |_: Option<Option<Connection>>| {
        if !open.get() {
            return None;
        }
        let connection = Connection::open(live, apply, reload);
        let stream = connection.stream();
        Effect::new(move |former: Option<()>| {
            let loaded = live.loaded.get();
            if former.is_some() {
                stream.view_was_loaded(loaded);
            }
        });
        Some(connection)
    });
}
