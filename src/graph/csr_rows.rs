//! Rows that belong to keys, packed as in a compressed sparse row (CSR) matrix.

/// A row and the key that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Keyed<K, R> {
    pub key: K,
    pub row: R,
}

/// All rows in one list, sorted by their keys, which are the numbers from 0. A second list has the start of each key's
/// rows.
#[derive(Clone, Debug)]
pub(super) struct CsrRows<R> {
    /// By key, and after the last key: the index of its first row. Empty if there are no rows.
    starts: Vec<u32>,
    rows: Vec<R>,
}

impl<R> Default for CsrRows<R> {
    fn default() -> Self {
        Self {
            starts: Vec::new(),
            rows: Vec::new(),
        }
    }
}

impl<R> CsrRows<R> {
    /// Packs rows that are sorted by their keys, of which there are `key_count`.
    pub(super) fn from_sorted<K>(
        sorted: Vec<Keyed<K, R>>,
        key_count: usize,
        number_of: impl Fn(&K) -> usize,
    ) -> Self {
        if sorted.is_empty() {
            return Self::default();
        }
        let mut starts = Vec::with_capacity(key_count + 1);
        let mut next_row = 0;
        let mut rest = sorted.iter().peekable();
        for key in 0..key_count {
            starts.push(next_row);
            while rest.next_if(|row| number_of(&row.key) == key).is_some() {
                next_row += 1;
            }
        }
        starts.push(next_row);
        // Collecting reuses the allocation of the keyed rows.
        let mut rows: Vec<R> = sorted.into_iter().map(|keyed| keyed.row).collect();
        rows.shrink_to_fit();
        Self { starts, rows }
    }

    /// Packs the rows of each key, in the order of the keys. There are at most `max_rows` rows.
    pub(super) fn from_groups<G: IntoIterator<Item = R>>(
        groups: impl Iterator<Item = G>,
        max_rows: usize,
    ) -> Self {
        let mut packed = Self {
            starts: Vec::with_capacity(groups.size_hint().0 + 1),
            rows: Vec::with_capacity(max_rows),
        };
        packed.starts.push(0);
        for group in groups {
            packed.rows.extend(group);
            packed
                .starts
                .push(u32::try_from(packed.rows.len()).unwrap_or(u32::MAX));
        }
        packed.starts.shrink_to_fit();
        packed.rows.shrink_to_fit();
        packed
    }

    /// Returns the rows of a key.
    pub(super) fn of(&self, key: usize) -> &[R] {
        let bounds = self.starts.get(key..).and_then(<[u32]>::first_chunk);
        bounds
            .and_then(|[start, end]| self.rows.get(*start as usize..*end as usize))
            .unwrap_or_default()
    }

    /// Returns the rows of all keys.
    pub(super) fn all(&self) -> &[R] {
        &self.rows
    }

    /// Returns the rows of each key for which `keep` returns true.
    pub(super) fn filtered(&self, keep: impl Fn(usize, &R) -> bool) -> Self
    where
        R: Copy,
    {
        let keep = &keep;
        let groups = (0..self.key_count()).map(|key| {
            let rows = self.of(key).iter().copied();
            rows.filter(move |row| keep(key, row))
        });
        Self::from_groups(groups, self.row_count())
    }

    /// Changes the order of the rows of each key.
    pub(super) fn reorder(&mut self, order: impl Fn(&mut [R])) {
        for bounds in self.starts.windows(2) {
            let [start, end] = bounds else { continue };
            if let Some(rows) = self.rows.get_mut(*start as usize..*end as usize) {
                order(rows);
            }
        }
    }

    /// Returns the number of keys.
    pub(super) fn key_count(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Returns the number of rows.
    pub(super) fn row_count(&self) -> usize {
        self.rows.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_key_has_its_rows(groups in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..4), 0..20)) {
            let keyed = |(key, rows): (usize, &Vec<u8>)| {
                rows.iter().map(|row| Keyed { key, row: *row }).collect::<Vec<_>>()
            };
            let sorted = groups.iter().enumerate().flat_map(keyed).collect();
            let from_sorted = CsrRows::from_sorted(sorted, groups.len(), |key| *key);
            let from_groups = CsrRows::from_groups(groups.iter().cloned(), 60);
            prop_assert_eq!(from_groups.key_count(), groups.len());
            for (key, group) in groups.iter().enumerate() {
                prop_assert_eq!(from_sorted.of(key), group);
                prop_assert_eq!(from_groups.of(key), group);
            }
        }
    }
}
