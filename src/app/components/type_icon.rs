//! What kind of job it is, as a mark with its name. The style sheet draws it: a list has many.

use leptos::prelude::*;

use super::Seal;
use crate::domain::JobType;

#[component]
pub fn TypeIcon(job_type: JobType) -> impl IntoView {
    view! {
        <span
            class="type-icon"
            data-type=job_type.as_str()
            role="img"
            aria-label=job_type.label()
            title=job_type.label()
        ></span>
    }
    .seal()
}
