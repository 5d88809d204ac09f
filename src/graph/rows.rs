//! Rows of a snapshot: while they come in, and when they are sorted by resource.

/// A row while they are not sorted by resource yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Placed<R> {
    pub resource: u32,
    pub row: R,
}

/// Rows of which each is of a resource, sorted by it.
#[derive(Debug)]
pub(super) struct ByResource<R> {
    /// By resource, and after the last: where its rows begin.
    first: Vec<u32>,
    pub rows: Vec<R>,
}

impl<R> Default for ByResource<R> {
    fn default() -> Self {
        Self {
            first: vec![0],
            rows: Vec::new(),
        }
    }
}

impl<R> ByResource<R> {
    /// Takes over rows that are sorted.
    pub(super) fn of(sorted: Vec<Placed<R>>, resources: usize) -> Self {
        if sorted.is_empty() {
            return Self::default();
        }
        let mut first = vec![0; resources + 1];
        for one in &sorted {
            first[one.resource as usize + 1] += 1;
        }
        for place in 1..first.len() {
            first[place] += first[place - 1];
        }
        let mut rows: Vec<R> = sorted.into_iter().map(|one| one.row).collect();
        rows.shrink_to_fit();
        Self { first, rows }
    }

    pub(super) fn of_resource(&self, resource: u32) -> &[R] {
        // Where there are none at all, there are no bounds.
        let bounds = self.first.get(resource as usize..resource as usize + 2);
        bounds.map_or(&[], |bounds| {
            &self.rows[bounds[0] as usize..bounds[1] as usize]
        })
    }
}

/// The rows of one resource among rows that are sorted by it.
pub(super) fn of_resource<R>(rows: &[R], resource: u32, resource_of: impl Fn(&R) -> u32) -> &[R] {
    let start = rows.partition_point(|row| resource_of(row) < resource);
    let length = rows[start..].partition_point(|row| resource_of(row) == resource);
    &rows[start..start + length]
}

/// Rows of which many come more than once: each finding of a resource draws the same edges.
#[derive(Debug)]
pub(super) struct Rows<R> {
    pub rows: Vec<R>,
    /// So many of the first are sorted, and each is there once.
    distinct: usize,
}

impl<R> Default for Rows<R> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            distinct: 0,
        }
    }
}

impl<R: Ord> Rows<R> {
    /// So many there may be before it is worth looking for what is there twice.
    const FEW: usize = 1 << 12;

    pub(super) fn push(&mut self, row: R) {
        // Twice what is needed at most is kept, and each row is sorted a number of times that hangs on no count.
        if self.rows.len() >= Self::FEW.max(2 * self.distinct) {
            self.tidy();
        }
        self.rows.push(row);
    }

    fn tidy(&mut self) {
        // A run that is sorted already is merged, not sorted again.
        self.rows.sort();
        self.rows.dedup();
        self.distinct = self.rows.len();
    }

    pub(super) fn finish(mut self) -> Vec<R> {
        self.tidy();
        self.rows.shrink_to_fit();
        self.rows
    }
}
