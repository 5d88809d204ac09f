//! Rows of which many occur more than once.

/// A row of which only one is kept.
pub(super) trait DedupRow: Ord + Copy {
    /// Returns whether two rows are the same, except for what the sort order compares last, such as a time. The greater of
    /// the two is kept.
    fn is_same(&self, other: &Self) -> bool;
}

/// Collects rows and removes duplicates on the way: each finding of a resource has the same edges and tags.
#[derive(Debug)]
pub(super) struct DedupRows<R> {
    rows: Vec<R>,
    /// The number of rows at the start that are sorted and have no duplicates.
    distinct: usize,
}

impl<R> Default for DedupRows<R> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            distinct: 0,
        }
    }
}

impl<R: DedupRow> DedupRows<R> {
    /// The number of rows below which duplicates are not removed.
    const MIN_ROWS: usize = 1 << 12;

    pub(super) fn push(&mut self, row: R) {
        // There are at most twice as many rows as distinct ones, and on average a row is sorted a constant number of times.
        if self.rows.len() >= Self::MIN_ROWS.max(2 * self.distinct) {
            self.dedup();
        }
        self.rows.push(row);
    }

    /// Changes each row, for example to other indices.
    pub(super) fn for_each_mut(&mut self, change: impl FnMut(&mut R)) {
        self.distinct = 0;
        self.rows.iter_mut().for_each(change);
    }

    fn dedup(&mut self) {
        // The stable sort merges runs that are sorted already.
        self.rows.sort();
        self.rows.dedup_by(|next, kept| {
            let is_same = next.is_same(kept);
            if is_same {
                *kept = *next;
            }
            is_same
        });
        self.distinct = self.rows.len();
    }

    /// Returns the distinct rows, sorted.
    pub(super) fn finish(mut self) -> Vec<R> {
        self.dedup();
        self.rows.shrink_to_fit();
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    impl DedupRow for (usize, usize) {
        fn is_same(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }

    #[test]
    fn the_latest_of_several_duplicates_is_kept() {
        let mut rows = DedupRows::default();
        let mut expected = BTreeMap::new();
        for number in 0..10 * DedupRows::<(usize, usize)>::MIN_ROWS {
            let (row, time) = (number * 7 % 1_000, number % 13);
            rows.push((row, time));
            let latest = expected.entry(row).or_insert(time);
            *latest = time.max(*latest);
            assert!(rows.rows.len() <= DedupRows::<(usize, usize)>::MIN_ROWS);
        }
        assert!(rows.finish().into_iter().eq(expected));
    }
}
