//! Kinds of records.

/// What a record is, and whether it is about something that still exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// A finding that is neither passed nor closed.
    OpenFinding,
    /// A finding that passed, or that was archived, suppressed, resolved, or closed.
    EndedFinding,
    /// The configuration of a resource, or a part of it.
    Configuration,
    /// The whole configuration of a resource: it has no relations but those that are listed.
    WholeConfiguration,
    /// The resources were deleted.
    Deletion,
}

impl RecordKind {
    /// Returns whether the record is a finding, which its service updates as long as it applies. A configuration is recorded
    /// only when it changes.
    pub fn is_finding(self) -> bool {
        matches!(self, Self::OpenFinding | Self::EndedFinding)
    }
}
