//! Small pieces that show the data they are given. None of them fetches anything.

mod confirm_dialog;
mod dynamic;
mod each;
mod empty_state;
mod icon;
mod job_actions;
mod job_row;
mod live_switch;
mod metadata_list;
mod problem_notice;
mod progress_bar;
mod seal;
mod search_form;
mod stat_card;
mod status_badge;
mod time;

pub use confirm_dialog::{ConfirmDialog, Question};
pub use dynamic::{Flag, Text, flag, on_click, on_submit, part, text, word};
pub use each::each;
pub use empty_state::EmptyState;
pub use icon::Icon;
pub use job_actions::{JobActions, JobButtons};
pub use job_row::{JobProgress, JobRow, job_title};
pub use live_switch::LiveSwitch;
pub use metadata_list::MetadataList;
pub use problem_notice::{DismissableProblem, ProblemNotice};
pub use progress_bar::ProgressBar;
pub use seal::{Seal, Sealed};
pub use search_form::SearchForm;
pub use stat_card::StatCard;
pub use status_badge::StatusBadge;
pub use time::{JobDuration, TimeOf};
