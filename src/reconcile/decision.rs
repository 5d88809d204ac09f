//! What is decided of one exposure, and why.

use std::fmt;

use serde::Serialize;

use crate::model::{CollectionTarget, Coverage, CoverageReason, Severity};

use super::{Destination, Workflow};

/// What happens to one exposure, without the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is made.
    Create,
    /// Its content changes.
    Update,
    /// It was archived, or resolved, and stands again.
    Reopen,
    /// It is gone, and that is known.
    Archive,
    /// It was not found, or cannot be planned; what was read does not prove that it is gone.
    Hold,
    /// It is sent again as it is, before Security Hub deletes it.
    Refresh,
    /// It stands as it is.
    Unchanged,
}

impl Action {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Create,
        Self::Update,
        Self::Reopen,
        Self::Archive,
        Self::Hold,
        Self::Refresh,
        Self::Unchanged,
    ];

    /// As in logs, tables and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Reopen => "reopen",
            Self::Archive => "archive",
            Self::Hold => "hold",
            Self::Refresh => "refresh",
            Self::Unchanged => "unchanged",
        }
    }
}

/// What happens to one exposure, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is new.
    Create,
    /// Its content changes.
    Update(UpdateReason),
    /// It stands again.
    Reopen(ReopenReason),
    /// It is gone.
    Archive(ArchiveReason),
    /// It stays as it is.
    Hold(HoldReason),
    /// It is about to be deleted by Security Hub's retention, and is sent again.
    Refresh(RefreshReason),
    /// There is nothing to say.
    Unchanged(UnchangedReason),
}

/// Why content changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpdateReason {
    /// There is something new to say.
    Changed,
    /// The same, of one that a user has closed: it stays archived.
    ChangedWhileClosed(Workflow),
    /// It was missed for some cycles, which no longer count.
    Returned {
        /// For how many.
        missed: u32,
    },
}

/// Why it stands again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReopenReason {
    /// It was archived, and is there again.
    Back,
    /// A user had closed it, at a severity that was lower.
    SeverityRose {
        /// What it was.
        from: Severity,
        /// What it is.
        to: Severity,
        /// How the user had closed it.
        closed: Workflow,
    },
}

/// Why it is known to be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchiveReason {
    /// All that could have shown it was read completely and did not.
    Gone,
    /// It stands elsewhere.
    Moved {
        /// Where.
        to: Destination,
    },
}

/// Why it stays although it was not found, or was found and cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldReason {
    /// It does not say which targets showed it.
    ShownByUnknown,
    /// A target that showed it was not read: a source that is off, or a Region that is not configured.
    NotRead(CollectionTarget),
    /// A target that could have shown it was not read completely.
    Incomplete {
        /// Which.
        target: CollectionTarget,
        /// How far it was read.
        coverage: Coverage,
        /// Why not further.
        reason: Option<CoverageReason>,
    },
    /// It has come back before, so it is not archived at once: reopening would reset the user's workflow status.
    Settling {
        /// In how many cycles it was missed, this one included.
        missed: u32,
        /// In how many it is held.
        of: u32,
    },
    /// It was found less severe, but what made it more so may only not have been read.
    LessSevere {
        /// What it was.
        from: Severity,
        /// What it would be.
        to: Severity,
        /// What was not read.
        because: Box<HoldReason>,
    },
    /// Too many would be archived at once.
    MassArchive(MassArchive),
    /// It is to stand elsewhere, and does not yet.
    Moving {
        /// Where.
        to: Destination,
    },
    /// What stands cannot be read.
    Unreadable,
    /// What stands at its destination could not be read.
    DestinationUnread,
}

/// More archiving than the configuration allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MassArchive {
    /// How many would be archived.
    pub archive: usize,
    /// Of how many that are active.
    pub active: usize,
    /// How many percent are allowed.
    pub max_percent: u8,
}

/// What is sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefreshReason {
    /// One that is there.
    StillThere,
    /// One that is held.
    Held(HoldReason),
    /// One that a user has closed: it stays archived. Once deleted, it would be made anew, and open.
    Closed(Workflow),
}

/// Why there is nothing to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnchangedReason {
    /// It says the same.
    Same,
    /// It is there again, but a user has closed it, and the severity did not rise.
    Closed(Workflow),
}

impl Decision {
    /// Without the reason.
    pub fn action(&self) -> Action {
        match self {
            Self::Create => Action::Create,
            Self::Update(_) => Action::Update,
            Self::Reopen(_) => Action::Reopen,
            Self::Archive(_) => Action::Archive,
            Self::Hold(_) => Action::Hold,
            Self::Refresh(_) => Action::Refresh,
            Self::Unchanged(_) => Action::Unchanged,
        }
    }

    /// Whether Security Hub has to be told. Holding tells it only how many cycles have missed a finding that settles.
    pub fn writes(&self) -> bool {
        !matches!(self, Self::Unchanged(_) | Self::Hold(_))
            || matches!(self, Self::Hold(HoldReason::Settling { .. }))
    }

    /// Why it is held, if it is.
    pub fn held(&self) -> Option<&HoldReason> {
        match self {
            Self::Hold(reason) | Self::Refresh(RefreshReason::Held(reason)) => Some(reason),
            _ => None,
        }
    }
}

impl HoldReason {
    /// Whether the exposure is there, and could not be compared with what stands.
    pub fn is_unplanned(&self) -> bool {
        matches!(self, Self::Unreadable | Self::DestinationUnread)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create => formatter.write_str("new"),
            Self::Update(reason) => reason.fmt(formatter),
            Self::Reopen(reason) => reason.fmt(formatter),
            Self::Archive(reason) => reason.fmt(formatter),
            Self::Hold(reason) => reason.fmt(formatter),
            Self::Refresh(reason) => reason.fmt(formatter),
            Self::Unchanged(reason) => reason.fmt(formatter),
        }
    }
}

impl fmt::Display for UpdateReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed => formatter.write_str("changed"),
            Self::ChangedWhileClosed(closed) => {
                write!(formatter, "changed; stays archived, as a user {closed} it")
            }
            Self::Returned { missed } => {
                write!(
                    formatter,
                    "found again after {missed} cycles that missed it"
                )
            }
        }
    }
}

impl fmt::Display for ReopenReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Back => formatter.write_str("exposed again"),
            Self::SeverityRose { from, to, closed } => write!(
                formatter,
                "a user {closed} it, but the severity rose from {} to {}",
                from.as_str(),
                to.as_str()
            ),
        }
    }
}

impl fmt::Display for ArchiveReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => formatter.write_str("no rule matches any more"),
            Self::Moved { to } => write!(formatter, "published in {to} instead"),
        }
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShownByUnknown => formatter.write_str("it does not say which targets showed it"),
            Self::NotRead(target) => write!(formatter, "{target} was not read"),
            Self::Incomplete {
                target,
                coverage,
                reason,
            } => {
                write!(formatter, "{target} is {}", coverage.as_str())?;
                reason
                    .as_ref()
                    .map_or(Ok(()), |reason| write!(formatter, " ({})", reason.as_str()))
            }
            Self::Settling { missed, of } => write!(
                formatter,
                "it has come and gone before: missed in {missed} of {of} cycles before it is archived"
            ),
            Self::LessSevere { from, to, because } => write!(
                formatter,
                "found {} and no more {}, but {because}",
                to.as_str(),
                from.as_str()
            ),
            Self::MassArchive(mass) => mass.fmt(formatter),
            Self::Moving { to } => write!(formatter, "it does not yet stand in {to}"),
            Self::Unreadable => formatter.write_str("what stands could not be read back"),
            Self::DestinationUnread => {
                formatter.write_str("what stands in Security Hub could not be read")
            }
        }
    }
}

impl fmt::Display for MassArchive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} of {} would be archived at once, more than {} %",
            self.archive, self.active, self.max_percent
        )
    }
}

impl fmt::Display for RefreshReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = "Security Hub would delete it soon";
        match self {
            Self::StillThere => formatter.write_str(why),
            Self::Held(reason) => write!(formatter, "{why}; held: {reason}"),
            Self::Closed(closed) => {
                write!(formatter, "{why}; stays archived, as a user {closed} it")
            }
        }
    }
}

impl fmt::Display for UnchangedReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => formatter.write_str("unchanged"),
            Self::Closed(closed) => write!(
                formatter,
                "exposed again, but a user {closed} it and the severity did not rise"
            ),
        }
    }
}
