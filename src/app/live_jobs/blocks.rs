//! Rows lie in blocks: a browser leaves out a block that is not in view as a whole, which it cannot do for less than a
//! thousand rows one by one. A row stays in its block, and blocks come and go at both ends of the list.

use super::list::Row;

/// The number of a block; that of the one behind it is larger.
pub type Block = i32;

/// A block with so many rows is full.
const FULL: usize = 10;

/// The block of a row that is to come in at this place.
pub fn block_at(rows: &[Row], place: usize) -> Block {
    let beside = match place {
        0 => rows.first(),
        _ => rows.get(place - 1),
    };
    let Some(block) = beside.map(|row| row.block) else { return 0 };
    if of_block(rows, block).len() < FULL {
        return block;
    }
    match place {
        0 => block - 1,
        _ if place == rows.len() => block + 1,
        _ => block,
    }
}

/// Blocks for the rows of a list, of which some had theirs before and keep them as far as the order allows.
pub fn blocks_for(former: &[Option<Block>]) -> Vec<Block> {
    let Some(first) = former.iter().position(Option::is_some) else {
        return (0..former.len()).map(|place| (place / FULL) as Block).collect();
    };
    let last = former.iter().rposition(Option::is_some).unwrap_or(first);
    let mut block = former[first].unwrap_or_default();
    let in_first = former.iter().filter(|it| **it == Some(block)).count();
    let fits = first + in_first <= FULL;
    let mut blocks: Vec<_> = (0..first)
        .map(|place| if fits { block } else { block - 1 - ((first - 1 - place) / FULL) as Block })
        .collect();
    let mut filled = if fits { first } else { 0 };
    for (place, former) in former.iter().enumerate().skip(first) {
        match former {
            Some(number) if *number > block => (block, filled) = (*number, 0),
            None if place > last && filled >= FULL => (block, filled) = (block + 1, 0),
            _ => {}
        }
        blocks.push(block);
        filled += 1;
    }
    blocks
}

/// The blocks there are, in order.
pub fn blocks(rows: &[Row]) -> Vec<Block> {
    let mut blocks: Vec<_> = rows.iter().map(|row| row.block).collect();
    blocks.dedup();
    blocks
}

/// The rows of a block.
pub fn of_block(rows: &[Row], block: Block) -> &[Row] {
    let begin = rows.partition_point(|row| row.block < block);
    let end = rows.partition_point(|row| row.block <= block);
    &rows[begin..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::live_jobs::list::tests::job;
    use crate::domain::JobStatus::Pending;

    fn rows(blocks: impl IntoIterator<Item = Block>) -> Vec<Row> {
        blocks.into_iter().map(|block| Row { block, ..Row::new(job(1, Pending, 1), 0) }).collect()
    }

    fn many(block: Block, count: usize) -> Vec<Block> {
        vec![block; count]
    }

    #[test]
    fn a_new_row_joins_a_block_until_it_is_full() {
        assert_eq!(block_at(&[], 0), 0);
        assert_eq!(block_at(&rows(many(3, FULL - 1)), 0), 3);
        assert_eq!(block_at(&rows(many(3, FULL)), 0), 2);
        assert_eq!(block_at(&rows(many(3, FULL)), FULL), 4);
        // In the middle there is no room for another.
        assert_eq!(block_at(&rows(many(3, FULL)), 7), 3);
    }

    #[test]
    fn rows_keep_their_blocks_when_the_list_is_loaded_again() {
        let new = vec![None; FULL + 10];
        let blocks = blocks_for(&new);
        assert_eq!((blocks[FULL - 1], blocks[FULL]), (0, 1));

        let kept: Vec<_> = many(4, FULL).into_iter().chain(many(5, FULL)).map(Some).collect();
        assert_eq!(blocks_for(&kept).into_iter().map(Some).collect::<Vec<_>>(), kept);

        let around: Vec<_> = [vec![None; 2], kept.clone(), vec![None; 1]].concat();
        let blocks = blocks_for(&around);
        assert_eq!((blocks[0], blocks[1], blocks[2], blocks.last()), (3, 3, 4, Some(&6)));
    }

    #[test]
    fn few_new_rows_join_a_first_block_that_has_room() {
        assert_eq!(blocks_for(&[None, Some(7), None, Some(7)]), [7, 7, 7, 7]);
    }

    #[test]
    fn blocks_never_go_back_whatever_order_the_rows_have_now() {
        let blocks = blocks_for(&[Some(2), Some(1), None, Some(3), Some(1)]);
        assert_eq!(blocks, [2, 2, 2, 3, 3]);
    }

    #[test]
    fn the_rows_of_a_block_lie_together() {
        let rows = rows([-1, -1, 0, 4, 4, 4]);
        assert_eq!(super::blocks(&rows), [-1, 0, 4]);
        let lengths = [-1, 0, 1, 4].map(|block| of_block(&rows, block).len());
        assert_eq!(lengths, [2, 1, 0, 3]);
    }
}
