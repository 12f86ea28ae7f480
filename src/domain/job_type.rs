//! The kinds of jobs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Every job type, one a line: its name, its name on the wire, what people call it, whether it is made of
/// items with results of their own, and the module of `server::ingest::sources` that reads it.
///
/// `$then` is a macro that takes the lines: [`JobType`] and the server's `JobSource` are both made from them.
macro_rules! job_types {
    ($then:ident) => {
        $then! {
            TextIngestion      "text_ingestion"      "Text"   false text;
            FileIngestion      "file_ingestion"      "File"   false file;
            BatchIngestion     "batch_ingestion"     "Batch"  true  batch;
            DirectoryIngestion "directory_ingestion" "Folder" true  directory;
        }
    };
}
#[allow(unused_imports, reason = "the browser's half has no sources")]
pub(crate) use job_types;

macro_rules! job_type {
    ($($type:ident $name:literal $label:literal $has_items:literal $module:ident;)*) => {
        /// What a job ingests.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum JobType {
            $($type,)*
        }

        impl JobType {
            pub const ALL: &'static [Self] = &[$(Self::$type,)*];

            /// The name used on the wire and in the store.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$type => $name,)*
                }
            }

            /// What people call it.
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$type => $label,)*
                }
            }

            /// Whether the job is made of items with results of their own.
            pub fn has_items(self) -> bool {
                match self {
                    $(Self::$type => $has_items,)*
                }
            }
        }
    };
}
job_types!(job_type);
