//! Indices. Each kind of index has a type of its own, so that one cannot be used for another.

use std::ops::Range;

/// Defines an index of 32 bits. More than four billion rows do not fit into the memory of any machine that exposured runs
/// on, so the conversion from a larger number never happens.
macro_rules! index {
    ($(#[$doc:meta])* $visibility:vis $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visibility struct $name(u32);

        impl $name {
            pub(super) fn new(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }

            /// Returns the index as a number.
            $visibility fn get(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index!(
    /// The index of a resource in a [`View`](super::View).
    pub ResourceIndex
);
index!(
    /// The index of a set of traits in a [`View`](super::View). Equal sets have the same index.
    pub TraitSetIndex
);
index!(
    /// The index of a snapshot in a view.
    pub(super) SnapshotIndex
);
index!(
    /// The index of a resource in its snapshot.
    pub(super) LocalIndex
);
index!(
    /// The index of evidence in its snapshot.
    pub(super) EvidenceIndex
);

/// A range of resources in a [`View`](super::View).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRange(Range<u32>);

impl ResourceRange {
    /// Returns the range of all resources, of which there are `count`.
    pub(super) fn all(count: usize) -> Self {
        Self(0..ResourceIndex::new(count).0)
    }

    /// Returns the resources of the range from the first for which `is_before` does not hold. The resources for which it
    /// holds have to come first.
    pub(super) fn skip_before(&self, is_before: impl Fn(ResourceIndex) -> bool) -> Self {
        let Range { mut start, end } = self.0;
        let mut stop = end;
        while start < stop {
            let middle = start + (stop - start) / 2;
            if is_before(ResourceIndex(middle)) {
                start = middle + 1;
            } else {
                stop = middle;
            }
        }
        Self(start..end)
    }

    /// Returns the resources of this range that come before those of `rest`, which is a range at its end.
    pub(super) fn before(&self, rest: &Self) -> Self {
        Self(self.0.start..rest.0.start)
    }

    /// Divides the range into `parts` parts of about the same size. Each except the last has at least `min_len` resources.
    pub(super) fn divide(self, parts: usize, min_len: usize) -> impl Iterator<Item = Self> {
        let Range { start, end } = self.0;
        let len = self.0.len().div_ceil(parts.max(1)).max(min_len).max(1);
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        (start..end)
            .step_by(len as usize)
            .map(move |first| Self(first..end.min(first.saturating_add(len))))
    }
}

impl Iterator for ResourceRange {
    type Item = ResourceIndex;

    fn next(&mut self) -> Option<ResourceIndex> {
        self.0.next().map(ResourceIndex)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for ResourceRange {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_make_up_the_range(count in 0..200_usize, parts in 0..10_usize, min_len in 0..50_usize) {
            let all = ResourceRange::all(count);
            let divided: Vec<ResourceRange> = all.clone().divide(parts, min_len).collect();
            prop_assert!(divided.len() <= parts.max(1));
            let but_the_last = divided.iter().rev().skip(1);
            prop_assert!(but_the_last.clone().all(|part| part.len() >= min_len));
            let joined: Vec<ResourceIndex> = divided.into_iter().flatten().collect();
            prop_assert_eq!(joined, all.collect::<Vec<_>>());
        }

        #[test]
        fn a_range_is_split_where_the_condition_ends(count in 0..200_usize, bound in 0..250_usize) {
            let all = ResourceRange::all(count);
            let rest = all.skip_before(|index| index.get() < bound);
            prop_assert_eq!(rest.len(), count.saturating_sub(bound));
            prop_assert_eq!(all.before(&rest).len(), count.min(bound));
        }
    }
}
