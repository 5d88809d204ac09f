//! Which of two related resources an edge leads from.

use crate::model::{RelationKind, Resource};
use crate::records::parsed::{EdgeEnd, ParsedEdge};

/// The direction of an edge, seen from the resource whose details name the other one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Direction {
    /// From that resource to the other one: an instance names its subnet.
    ToOther,
    /// From the other one to that resource: a network ACL names the subnets that it guards.
    FromOther,
}

impl Direction {
    /// The end of the edge at which the resource is whose details name the other one.
    pub(super) fn subject_end(self) -> EdgeEnd {
        match self {
            Self::ToOther => EdgeEnd::From,
            Self::FromOther => EdgeEnd::To,
        }
    }

    pub(super) fn edge(
        self,
        subject: &Resource,
        kind: RelationKind,
        other: Resource,
    ) -> ParsedEdge {
        let subject = subject.clone();
        match self {
            Self::ToOther => ParsedEdge::new(subject, kind, other),
            Self::FromOther => ParsedEdge::new(other, kind, subject),
        }
    }
}
