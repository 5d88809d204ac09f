//! What happens to one exposure, and why.

use std::fmt;

use crate::model::{CollectionTarget, Coverage, CoverageReason, Region, Severity};

use super::destination::Destination;
use super::state::WorkflowStatus;

/// What happens to one exposure, without the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// A finding is created.
    Create,
    /// The content of the finding changes.
    Update,
    /// The finding was archived or resolved, and becomes active and new again.
    Reopen,
    /// The finding is archived, because the exposure is known to be gone.
    Archive,
    /// The finding stays as it is, because what was read does not decide what should happen to it.
    Hold,
    /// The finding is sent again unchanged, so that Security Hub does not delete it.
    Refresh,
    /// The finding is up to date.
    Unchanged,
}

impl Action {
    /// All actions, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Create,
        Self::Update,
        Self::Reopen,
        Self::Archive,
        Self::Hold,
        Self::Refresh,
        Self::Unchanged,
    ];

    /// The name in logs, tables, and JSON.
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
    /// The exposure is not published yet.
    Create,
    /// The content of the finding changes.
    Update(UpdateReason),
    /// The finding becomes active and new again.
    Reopen(ReopenReason),
    /// The finding is archived.
    Archive(ArchiveReason),
    /// The finding stays as it is.
    Hold(HoldReason),
    /// The finding is sent again before the retention period of Security Hub ends.
    Refresh(RefreshReason),
    /// The finding is up to date.
    Unchanged(UnchangedReason),
}

/// Why the content of a finding changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpdateReason {
    /// The exposure changed.
    Changed,
    /// The exposure changed, but a user closed the finding, so it stays archived.
    ChangedWhileClosed(WorkflowStatus),
    /// The exposure was missing for some cycles, which no longer count.
    FoundAgain {
        /// The number of cycles.
        missed: u32,
    },
}

/// Why a finding becomes active and new again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReopenReason {
    /// The finding was archived, and the exposure was found again.
    ExposedAgain,
    /// A user closed the finding at a lower severity.
    SeverityRose {
        /// The published severity.
        from: Severity,
        /// The severity that was found.
        to: Severity,
        /// The status with which the user closed it.
        closed: WorkflowStatus,
    },
}

/// Why a finding is archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchiveReason {
    /// Every target that could have shown the exposure was read completely and did not.
    Gone,
    /// The exposure is published in another destination.
    Moved {
        /// The other destination.
        to: Destination,
    },
    /// Only a Region that the user has released showed the exposure.
    Released {
        /// The Region.
        region: Region,
    },
}

/// Why a finding stays as it is although its exposure was not found, changed, or cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldReason {
    /// The finding does not record which targets showed the exposure.
    UnknownTargets,
    /// A target that showed the exposure was not read: its source is off, or its Region is not configured.
    TargetNotRead(CollectionTarget),
    /// A target that could have shown the exposure was not read completely.
    TargetIncomplete {
        /// The target.
        target: CollectionTarget,
        /// How completely it was read.
        coverage: Coverage,
        /// Why it was not read completely.
        reason: Option<CoverageReason>,
    },
    /// The exposure came back before, so it is not archived at once: reopening resets the workflow status of users.
    Flapping {
        /// The number of cycles in which it was not found, including this one.
        missed: u32,
        /// The number of cycles in which it must not be found before it is archived.
        required: u32,
    },
    /// The exposure was found with a lower severity, but what made it more severe may only not have been read.
    LessSevere {
        /// The published severity.
        from: Severity,
        /// The severity that was found.
        to: Severity,
        /// What was not read.
        because: Box<HoldReason>,
    },
    /// The exposure was found with a higher severity, but what made it less severe may only not have been read.
    MoreSevere {
        /// The published severity.
        from: Severity,
        /// The severity that was found.
        to: Severity,
        /// What was not read.
        because: Box<HoldReason>,
    },
    /// The exposure is not open in Security Hub, and a mute may cover it, but the tags of its resource were not read.
    MayBeMuted {
        /// What was not read.
        because: Box<HoldReason>,
    },
    /// Too many findings would be archived at once.
    MassArchive(MassArchive),
    /// The exposure moves to another destination, where it is not published yet.
    Moving {
        /// The other destination.
        to: Destination,
    },
    /// The finding was imported, but Security Hub does not return it yet, so it cannot be changed.
    NotReturnedYet,
    /// The published finding cannot be parsed.
    Unreadable,
    /// The published findings of the destination could not be read.
    DestinationUnread,
}

/// A plan that would archive more than the configuration allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MassArchive {
    /// The number of findings that would be archived.
    pub archive: usize,
    /// The number of active findings.
    pub active: usize,
    /// The configured limit, in percent.
    pub max_percent: u8,
}

/// Why a finding is sent again unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefreshReason {
    /// The exposure was found unchanged.
    StillExposed,
    /// The finding is held.
    Held(HoldReason),
    /// A user closed the finding, so it stays archived. If Security Hub deleted it, it would be created again as new.
    Closed(WorkflowStatus),
}

/// Why nothing is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnchangedReason {
    /// The published finding has the same content.
    Same,
    /// The exposure was found, but a user closed the finding, and the severity did not rise.
    Closed(WorkflowStatus),
}

impl Decision {
    /// The action, without the reason.
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

    /// Whether a finding is sent to Security Hub. A held finding is sent only to record that a flapping exposure was
    /// not found.
    pub fn writes(&self) -> bool {
        match self {
            Self::Unchanged(_) => false,
            Self::Hold(reason) => matches!(reason, HoldReason::Flapping { .. }),
            _ => true,
        }
    }

    /// Why the finding is held, if it is.
    pub fn held(&self) -> Option<&HoldReason> {
        match self {
            Self::Hold(reason) | Self::Refresh(RefreshReason::Held(reason)) => Some(reason),
            _ => None,
        }
    }
}

impl HoldReason {
    /// Whether the exposure was found and could not be compared with what is published.
    pub fn is_unplanned(&self) -> bool {
        matches!(self, Self::Unreadable | Self::DestinationUnread)
    }

    /// Whether the exposure was found in this cycle.
    pub fn is_found(&self) -> bool {
        self.is_unplanned()
            || matches!(
                self,
                Self::LessSevere { .. } | Self::MoreSevere { .. } | Self::MayBeMuted { .. }
            )
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
                write!(
                    formatter,
                    "changed; stays archived because a user {closed} it"
                )
            }
            Self::FoundAgain { missed: 1 } => {
                formatter.write_str("found again; it was missing in 1 cycle")
            }
            Self::FoundAgain { missed } => {
                write!(formatter, "found again; it was missing in {missed} cycles")
            }
        }
    }
}

impl fmt::Display for ReopenReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExposedAgain => formatter.write_str("exposed again"),
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
            Self::Gone => formatter.write_str("no exposure rule matches anymore"),
            Self::Moved { to } => write!(formatter, "published in {to} instead"),
            Self::Released { region } => {
                write!(formatter, "last seen in {region}, which --forget releases")
            }
        }
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTargets => {
                formatter.write_str("the published finding does not record which targets showed it")
            }
            Self::TargetNotRead(target) => write!(formatter, "{target} was not read"),
            Self::TargetIncomplete {
                target,
                coverage,
                reason,
            } => {
                write!(formatter, "{target} is not complete: {}", coverage.as_str())?;
                match reason {
                    Some(reason) => write!(formatter, " ({})", reason.as_str()),
                    None => Ok(()),
                }
            }
            Self::Flapping { missed, required } => write!(
                formatter,
                "it came back before; missing in {missed} of the {required} cycles after which it is archived"
            ),
            Self::LessSevere { from, to, because } => write!(
                formatter,
                "the severity fell from {} to {}, but {because}",
                from.as_str(),
                to.as_str()
            ),
            Self::MoreSevere { from, to, because } => write!(
                formatter,
                "the severity rose from {} to {}, but {because}",
                from.as_str(),
                to.as_str()
            ),
            Self::MayBeMuted { because } => write!(
                formatter,
                "a mute by tag may cover it: the tags of the resource are unknown, because {because}"
            ),
            Self::MassArchive(mass_archive) => mass_archive.fmt(formatter),
            Self::Moving { to } => write!(formatter, "not published in {to} yet"),
            Self::NotReturnedYet => {
                formatter.write_str("it was imported, but Security Hub does not return it yet")
            }
            Self::Unreadable => formatter.write_str("the published finding could not be parsed"),
            Self::DestinationUnread => {
                formatter.write_str("the published findings could not be read from Security Hub")
            }
        }
    }
}

impl fmt::Display for MassArchive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} of {} active exposures would be archived at once, more than {}%",
            self.archive, self.active, self.max_percent
        )
    }
}

impl fmt::Display for RefreshReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Security Hub would delete it soon")?;
        match self {
            Self::StillExposed => Ok(()),
            Self::Held(reason) => write!(formatter, "; held: {reason}"),
            Self::Closed(closed) => {
                write!(formatter, "; stays archived because a user {closed} it")
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
