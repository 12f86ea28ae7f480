//! In which order the lines of a page are read: columns one after the other, tables row by row.
//!
//! A page is cut along its white space again and again (recursive XY-cut; Nagy, Seth and Viswanathan, 1992), where
//! there is a gutter between columns from top to bottom, else where there is most room between two lines.

/// The room that a line takes, in points; `top` is above `bottom`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    pub start: f32,
    pub end: f32,
    pub top: f32,
    pub bottom: f32,
    /// Of its font.
    pub size: f32,
}

// Shares of the size of the font.

/// The least room between two columns.
const GUTTER: f32 = 0.9;
/// The least room between two lines at which a page is cut.
const BREAK: f32 = 0.35;
/// Lines of a column are this long at least, on average; what is shorter is a cell of a table.
const COLUMN: f32 = 9.0;
/// Baselines this close are of one row.
const SAME_ROW: f32 = 0.3;

/// A column has at least so many lines.
const LINES: usize = 3;

/// Cuts within cuts.
const DEEPEST: u32 = 40;

/// The lines' places in the order they are read.
pub fn reading_order(areas: &[Area], right_to_left: bool) -> Vec<usize> {
    let mut order = Vec::with_capacity(areas.len());
    let all: Vec<usize> = (0..areas.len()).collect();
    Page { areas, right_to_left }.read(all, DEEPEST, &mut order);
    order
}

struct Page<'a> {
    areas: &'a [Area],
    right_to_left: bool,
}

impl Page<'_> {
    fn read(&self, lines: Vec<usize>, depth: u32, order: &mut Vec<usize>) {
        if lines.len() > 1 && depth > 0 {
            if let Some((first, second)) = self.columns(&lines) {
                self.read(first, depth - 1, order);
                return self.read(second, depth - 1, order);
            }
            if let Some((above, below)) = self.halves(&lines) {
                self.read(above, depth - 1, order);
                return self.read(below, depth - 1, order);
            }
        }
        self.rows(lines, order);
    }

    /// What lies on either side of the widest gutter, if both sides are text.
    fn columns(&self, lines: &[usize]) -> Option<(Vec<usize>, Vec<usize>)> {
        if lines.len() < 2 * LINES {
            return None;
        }
        let mut across: Vec<&Area> = lines.iter().map(|it| &self.areas[*it]).collect();
        across.sort_by(|one, two| one.start.total_cmp(&two.start));
        let mut end = f32::MIN;
        let mut widest: Option<(f32, f32)> = None;
        for (place, area) in across.iter().enumerate() {
            let gap = area.start - end;
            let enough = place >= LINES && across.len() - place >= LINES && gap > GUTTER * area.size;
            if enough && widest.is_none_or(|(width, _)| gap > width) {
                widest = Some((gap, area.start));
            }
            end = end.max(area.end);
        }
        let (_, cut) = widest?;
        let (left, right): (Vec<usize>, Vec<usize>) =
            lines.iter().partition(|it| self.areas[**it].start < cut);
        if !self.is_text(&left) || !self.is_text(&right) || !self.side_by_side(&left, &right) {
            return None;
        }
        Some(if self.right_to_left { (right, left) } else { (left, right) })
    }

    fn is_text(&self, lines: &[usize]) -> bool {
        let areas = lines.iter().map(|it| &self.areas[*it]);
        let length: f32 = areas.map(|it| (it.end - it.start) / it.size.max(1.0)).sum();
        length > COLUMN * lines.len() as f32
    }

    fn side_by_side(&self, left: &[usize], right: &[usize]) -> bool {
        let ((top, bottom), (other_top, other_bottom)) = (self.height(left), self.height(right));
        let shared = top.min(other_top) - bottom.max(other_bottom);
        shared > 0.3 * (top - bottom).min(other_top - other_bottom)
    }

    fn height(&self, lines: &[usize]) -> (f32, f32) {
        let areas = || lines.iter().map(|it| &self.areas[*it]);
        (
            areas().map(|it| it.top).fold(f32::MIN, f32::max),
            areas().map(|it| it.bottom).fold(f32::MAX, f32::min),
        )
    }

    /// What lies above and below the most room between two lines.
    fn halves(&self, lines: &[usize]) -> Option<(Vec<usize>, Vec<usize>)> {
        let mut down: Vec<&Area> = lines.iter().map(|it| &self.areas[*it]).collect();
        down.sort_by(|one, two| two.top.total_cmp(&one.top));
        let mut bottom = f32::MAX;
        let mut most: Option<(f32, f32)> = None;
        for area in down {
            let gap = (bottom - area.top) / area.size.max(1.0);
            if bottom < f32::MAX && gap > BREAK && most.is_none_or(|(room, _)| gap > room) {
                most = Some((gap, area.top));
            }
            bottom = bottom.min(area.bottom);
        }
        let (_, cut) = most?;
        Some(lines.iter().partition(|it| self.areas[**it].top > cut))
    }

    /// From top to bottom, and along each row.
    fn rows(&self, mut lines: Vec<usize>, order: &mut Vec<usize>) {
        let area = |it: &usize| &self.areas[*it];
        lines.sort_by(|one, two| area(two).bottom.total_cmp(&area(one).bottom));
        let mut row: Vec<usize> = Vec::new();
        let mut end_row = |row: &mut Vec<usize>| {
            row.sort_by(|one, two| area(one).start.total_cmp(&area(two).start));
            if self.right_to_left {
                row.reverse();
            }
            order.append(row);
        };
        for line in lines {
            let same = row.first().is_none_or(|first| {
                area(first).bottom - area(&line).bottom < SAME_ROW * area(first).size.max(area(&line).size)
            });
            if !same {
                end_row(&mut row);
            }
            row.push(line);
        }
        end_row(&mut row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of one height from a place on, with their length in points.
    fn lines(start: f32, top: f32, count: u8, length: f32) -> Vec<Area> {
        let tops = (0..count).map(|line| top - 12.0 * f32::from(line));
        tops.map(|top| Area { start, end: start + length, top, bottom: top - 10.0, size: 10.0 }).collect()
    }

    #[test]
    fn columns_under_a_title_are_read_one_after_the_other() {
        let areas = [
            lines(0.0, 120.0, 1, 420.0),
            lines(220.0, 90.0, 6, 200.0),
            lines(0.0, 90.0, 6, 200.0),
            lines(0.0, 0.0, 1, 420.0),
        ]
        .concat();
        let expected: Vec<usize> = [0..1, 7..13, 1..7, 13..14].into_iter().flatten().collect();
        assert_eq!(reading_order(&areas, false), expected);
        let expected: Vec<usize> = (0..14).collect();
        assert_eq!(reading_order(&areas, true), expected, "from the right");
    }

    #[test]
    fn cells_of_a_table_are_read_row_by_row() {
        let areas = [lines(0.0, 90.0, 4, 40.0), lines(100.0, 90.0, 4, 40.0)].concat();
        assert_eq!(reading_order(&areas, false), [0, 4, 1, 5, 2, 6, 3, 7]);
    }
}
