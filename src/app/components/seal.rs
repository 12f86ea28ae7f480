//! Type erasure for this application's views: `into_any`, without the code it never runs.
//!
//! For each erased view Leptos keeps a way to patch it into another of the same type, a way to
//! hydrate it piece by piece while parts of the bundle are still on their way, and a way to add
//! attributes from outside. Here closures change what changes, the bundle comes in one part and no
//! attributes are spread onto components; all three together were a third of it.

use leptos::attr::Attribute;
use leptos::attr::any_attribute::AnyAttribute;
use leptos::prelude::*;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::renderer::Rndr;
use leptos::tachys::renderer::types::{Element, Node};
use leptos::tachys::ssr::StreamBuilder;
use leptos::tachys::view::{Mountable, Position, PositionState};

/// The halves erase a view differently. What the other half does with it is known to be dead code
/// only if the compiler knows the half.
const IN_BROWSER: bool = cfg!(target_family = "wasm");

/// Erases the type of a view.
pub trait Seal {
    fn seal(self) -> Sealed;
}

impl<V: RenderHtml + 'static> Seal for V {
    fn seal(self) -> Sealed {
        if IN_BROWSER {
            Sealed::Live(Box::new(|origin| place(self, origin)))
        } else {
            Sealed::Html(self.into_any())
        }
    }
}

/// A view of whatever type. It takes no more attributes, hydrates at once with all its parts, and is
/// replaced as a whole.
pub enum Sealed {
    /// On the server: to be written as HTML.
    Html(AnyView),
    /// In the browser: to be placed in the page.
    Live(Box<dyn FnOnce(Origin<'_>) -> Placed + Send>),
}

/// Where the nodes of a view come from: the page as the server wrote it, or they are yet to be made.
type Origin<'a> = Option<(&'a Cursor, &'a PositionState)>;

/// The nodes of a view in the page.
pub struct Placed(Box<dyn Mountable>);

fn place<V: RenderHtml + 'static>(view: V, origin: Origin<'_>) -> Placed {
    let nodes = match origin {
        Some((cursor, position)) => view.hydrate::<true>(cursor, position),
        None => view.build(),
    };
    if V::EXISTS {
        return Placed(Box::new(nodes));
    }
    let placeholder = match origin {
        Some((cursor, position)) => cursor.next_placeholder(position),
        None => Rndr::create_placeholder(),
    };
    Placed(Box::new((nodes, placeholder)))
}

impl Sealed {
    fn place(self, origin: Origin<'_>) -> Placed {
        match self {
            Self::Live(place) => place(origin),
            Self::Html(_) => unreachable!("the server places no views"),
        }
    }

    fn html(self) -> AnyView {
        match self {
            Self::Html(view) => view,
            Self::Live(_) => unreachable!("the browser writes no HTML"),
        }
    }
}

impl Render for Sealed {
    type State = Placed;

    fn build(self) -> Placed {
        self.place(None)
    }

    fn rebuild(self, former: &mut Placed) {
        let mut new = self.build();
        former.insert_before_this(&mut new);
        former.unmount();
        *former = new;
    }
}

impl AddAnyAttr for Sealed {
    type Output<A: Attribute> = Self;

    fn add_any_attr<A: Attribute>(self, _: A) -> Self {
        self
    }
}

// `hydrate_async` is left out on purpose: the trait's own calls `hydrate`.
impl RenderHtml for Sealed {
    type AsyncOutput = Self;
    type Owned = Self;
    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {
        if let Self::Html(view) = self {
            view.dry_resolve();
        }
    }

    async fn resolve(self) -> Self {
        Self::Html(self.html().resolve().await)
    }

    fn html_len(&self) -> usize {
        match self {
            Self::Html(view) => view.html_len(),
            Self::Live(_) => 0,
        }
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.html().to_html_with_buf(buf, position, escape, mark_branches, extra_attrs);
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        buf: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.html().to_html_async_with_buf::<OUT_OF_ORDER>(buf, position, escape, mark_branches, extra_attrs);
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Placed {
        self.place(Some((cursor, position)))
    }

    fn into_owned(self) -> Self {
        self
    }
}

impl Mountable for Placed {
    fn unmount(&mut self) {
        self.0.unmount();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        self.0.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.0.insert_before_this(child)
    }

    fn elements(&self) -> Vec<Element> {
        self.0.elements()
    }
}
