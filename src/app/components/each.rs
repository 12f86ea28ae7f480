//! A list whose rows come, go and move while others stay as they are.
//!
//! Leptos' own `<For>` moves every row that is behind two new ones, which costs a list of a thousand jobs some 20 ms with
//! each change (tachys 0.2.19: `group_adjacent_moves` forgets which of the moves it joins are none in the page).

use leptos::attr::Attribute;
use leptos::attr::any_attribute::AnyAttribute;
use leptos::prelude::*;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::reactive_graph::{OwnedView, OwnedViewState};
use leptos::tachys::renderer::types::{Element, Node, Placeholder};
use leptos::tachys::renderer::{CastFrom, Rndr};
use leptos::tachys::ssr::StreamBuilder;
use leptos::tachys::view::{Mountable, Position, PositionState};

use super::seal::Placed;
use super::{Seal, Sealed};

/// One view for each item, made when its key is new.
pub fn each<T: Send + 'static>(
    items: impl Fn() -> Vec<T> + Send + 'static,
    key: fn(&T) -> u128,
    view: impl Fn(T) -> Sealed + Clone + Send + 'static,
) -> Sealed {
    rows(Box::new(move || {
        let row = |item| {
            let view = view.clone();
            Row { key: key(&item), view: Box::new(move || view(item)) }
        };
        items().into_iter().map(row).collect()
    }))
}

fn rows(rows: Box<dyn Fn() -> Vec<Row> + Send>) -> Sealed {
    let owner = Owner::current().unwrap_or_default();
    (move || Rows { rows: rows(), owner: owner.clone() }).seal()
}

/// A row as it is to be.
struct Row {
    key: u128,
    view: Box<dyn FnOnce() -> Sealed + Send>,
}

impl Row {
    /// Its view, which owns what is made in it.
    fn view(self, list: &Owner) -> OwnedView<Sealed> {
        let owner = list.with(Owner::new);
        let view = owner.with(self.view);
        OwnedView::new_with_owner(view, owner)
    }
}

/// The rows as they are to be.
struct Rows {
    rows: Vec<Row>,
    owner: Owner,
}

impl Rows {
    fn views(self) -> Vec<(u128, OwnedView<Sealed>)> {
        let owner = self.owner;
        self.rows.into_iter().map(|row| (row.key, row.view(&owner))).collect()
    }
}

/// A row in the page.
type ShownRow = OwnedViewState<Placed>;

/// The rows in the page.
struct Shown {
    parent: Option<Element>,
    rows: Vec<(u128, ShownRow)>,
    /// Behind the last row.
    end: Placeholder,
}

impl Shown {
    /// Puts a row in front of those that are in place already, which come last first.
    fn insert(&mut self, row: &mut ShownRow, in_place: &[(u128, ShownRow)]) {
        let Some(parent) = &self.parent else { return };
        match in_place.last() {
            Some((_, next)) => next.insert_before_this_or_marker(parent, row, Some(self.end.as_ref())),
            None => {
                row.try_mount(parent, Some(self.end.as_ref()));
            }
        }
    }
}

impl Render for Rows {
    type State = Shown;

    fn build(self) -> Shown {
        let rows = self.views().into_iter().map(|(key, view)| (key, view.build())).collect();
        Shown { parent: None, rows, end: Rndr::create_placeholder() }
    }

    /// Goes through the rows from the last to the first. The last one left of the former rows is in its place. Lists
    /// are short, and mostly stay as they are: looking for a key one by one is the fastest.
    fn rebuild(self, shown: &mut Shown) {
        let mut former = std::mem::take(&mut shown.rows);
        former.retain_mut(|(key, row)| {
            let stays = self.rows.iter().any(|new| new.key == *key);
            if !stays {
                row.unmount();
            }
            stays
        });
        let mut in_place = Vec::with_capacity(self.rows.len());
        for new in self.rows.into_iter().rev() {
            let key = new.key;
            let row = match former.iter().rposition(|(it, _)| *it == key) {
                Some(place) => {
                    let is_last = place + 1 == former.len();
                    let (_, mut row) = former.remove(place);
                    if !is_last {
                        shown.insert(&mut row, &in_place);
                    }
                    row
                }
                None => {
                    let mut row = new.view(&self.owner).build();
                    shown.insert(&mut row, &in_place);
                    row
                }
            };
            in_place.push((key, row));
        }
        in_place.reverse();
        shown.rows = in_place;
    }
}

impl AddAnyAttr for Rows {
    type Output<A: Attribute> = Self;

    fn add_any_attr<A: Attribute>(self, _: A) -> Self {
        self
    }
}

// `hydrate_async` is left out on purpose: the trait's own calls `hydrate`.
impl RenderHtml for Rows {
    type AsyncOutput = Self;
    type Owned = Self;
    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        for (_, row) in self.views() {
            row.to_html_with_buf(buf, position, escape, mark_branches, extra_attrs.clone());
            *position = Position::NextChild;
        }
        buf.push_str("<!>");
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        buf: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        for (_, row) in self.views() {
            let attrs = extra_attrs.clone();
            row.to_html_async_with_buf::<OUT_OF_ORDER>(buf, position, escape, mark_branches, attrs);
            *position = Position::NextChild;
        }
        buf.push_sync("<!>");
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Shown {
        let current = cursor.current();
        let parent = match position.get() {
            Position::FirstChild => Some(current),
            _ => Rndr::get_parent(&current),
        };
        let rows = self.views().into_iter();
        let rows = rows.map(|(key, view)| (key, view.hydrate::<FROM_SERVER>(cursor, position))).collect();
        let end = cursor.next_placeholder(position);
        position.set(Position::NextChild);
        Shown { parent: parent.and_then(Element::cast_from), rows, end }
    }

    fn into_owned(self) -> Self {
        self
    }
}

impl Mountable for Shown {
    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        self.parent = Some(parent.clone());
        for (_, row) in &mut self.rows {
            row.mount(parent, marker);
        }
        self.end.mount(parent, marker);
    }

    fn unmount(&mut self) {
        for (_, row) in &mut self.rows {
            row.unmount();
        }
        self.end.unmount();
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        match self.rows.first() {
            Some((_, row)) => row.insert_before_this(child),
            None => self.end.insert_before_this(child),
        }
    }

    fn elements(&self) -> Vec<Element> {
        self.rows.iter().flat_map(|(_, row)| row.elements()).collect()
    }
}
