//! What each job type reads: a module each, which says what is kept of the input and how it is read.

pub mod batch;
pub mod directory;
pub mod file;
pub mod text;

use serde::{Deserialize, Serialize};

use super::run::{Piece, Reader, Stopped};
use crate::domain::job_type::job_types;
use crate::domain::{Chunking, Job, JobType, OnDuplicate};
use crate::server::store::{BlobRef, ContentHash};

/// What a job reads, as kept until it has completed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    #[serde(flatten)]
    pub source: JobSource,
    /// How it is to be cut, if whoever sent it has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunking: Option<Chunking>,
    #[serde(default, skip_serializing_if = "OnDuplicate::is_allow")]
    pub on_duplicate: OnDuplicate,
}

/// What the source of a job can do.
pub trait ReadItems {
    /// The blobs that must be kept until the job has completed.
    fn blobs(&self) -> Vec<BlobRef>;

    /// The hash of the content of its only document, if it is known before it is read.
    fn hash(&self) -> Option<ContentHash> {
        None
    }

    /// Whether nobody sits and waits for it, whatever its size.
    fn is_bulk(&self) -> bool {
        false
    }

    /// Reads the items that no earlier attempt has delivered. Blocks.
    fn read_items<S>(&self, reader: &mut Reader<'_, S>, job: &Job) -> Result<(), Stopped>
    where
        S: FnMut(Piece) -> bool;
}

macro_rules! job_source {
    ($($type:ident $name:literal $label:literal $has_items:literal $module:ident;)*) => {
        /// Where a job's input is.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum JobSource {
            $($type($module::Source),)*
        }

        $(impl From<$module::Source> for JobSource {
            fn from(source: $module::Source) -> Self {
                Self::$type(source)
            }
        })*

        impl JobSource {
            pub fn job_type(&self) -> JobType {
                match self {
                    $(Self::$type(_) => JobType::$type,)*
                }
            }
        }

        impl ReadItems for JobSource {
            fn blobs(&self) -> Vec<BlobRef> {
                match self {
                    $(Self::$type(source) => source.blobs(),)*
                }
            }

            fn hash(&self) -> Option<ContentHash> {
                match self {
                    $(Self::$type(source) => source.hash(),)*
                }
            }

            fn is_bulk(&self) -> bool {
                match self {
                    $(Self::$type(source) => source.is_bulk(),)*
                }
            }

            fn read_items<S>(&self, reader: &mut Reader<'_, S>, job: &Job) -> Result<(), Stopped>
            where
                S: FnMut(Piece) -> bool,
            {
                match self {
                    $(Self::$type(source) => source.read_items(reader, job),)*
                }
            }
        }
    };
}
job_types!(job_source);
