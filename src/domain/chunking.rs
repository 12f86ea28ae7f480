//! How text is cut into chunks.

use serde::{Deserialize, Serialize};

/// The length of chunks, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunking {
    /// The longest chunk.
    pub size: u32,
    /// How much of a chunk its successor repeats at most.
    pub overlap: u32,
}

impl Default for Chunking {
    fn default() -> Self {
        Self { size: 1000, overlap: 200 }
    }
}

impl Chunking {
    pub const LEAST_SIZE: u32 = 50;
    pub const MOST_SIZE: u32 = 20_000;

    /// The wanted lengths. With a size alone the overlap is a fifth of it, as it is in the default.
    pub fn wanted(self, size: Option<u32>, overlap: Option<u32>) -> Result<Self, String> {
        let wanted = Self {
            size: size.unwrap_or(self.size),
            overlap: overlap.unwrap_or_else(|| size.map_or(self.overlap, |size| size / 5)),
        };
        let Self { size, overlap } = wanted;
        let (least, most) = (Self::LEAST_SIZE, Self::MOST_SIZE);
        if !(least..=most).contains(&size) {
            return Err(format!("chunk_size is {size}; it must be from {least} to {most} characters"));
        }
        if overlap > size / 2 {
            return Err(format!(
                "chunk_overlap is {overlap}; with a chunk_size of {size} it must be at most {}",
                size / 2
            ));
        }
        Ok(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_make_no_sense_are_refused_with_what_would() {
        let default = Chunking::default();
        assert_eq!(default.wanted(None, None), Ok(default));
        assert_eq!(default.wanted(Some(500), None), Ok(Chunking { size: 500, overlap: 100 }));
        assert_eq!(default.wanted(None, Some(0)), Ok(Chunking { size: 1000, overlap: 0 }));
        for (size, overlap, part) in [
            (Some(0), None, "from 50 to 20000"),
            (Some(20_001), None, "from 50 to 20000"),
            (Some(100), Some(51), "at most 50"),
            (None, Some(501), "at most 500"),
        ] {
            assert!(default.wanted(size, overlap).unwrap_err().contains(part), "{size:?} {overlap:?}");
        }
    }
}
