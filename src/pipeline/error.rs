//! Why a cycle could not run.

use crate::aws::SessionError;
use crate::model::Region;
use crate::sources::files::ReadInputError;

/// Why a cycle could not run.
#[derive(Debug, thiserror::Error)]
pub enum CycleError {
    /// AWS cannot be called.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The files with the findings cannot be read.
    #[error(transparent)]
    Input(#[from] ReadInputError),
    /// A Region is to be released that is still configured.
    #[error(
        "--forget {0}: this Region is still in use; remove it from [aws] regions (or AWS_REGION) and from \
         [publish.security_hub] region first"
    )]
    RegionInUse(Region),
    /// Opening the session took too long.
    #[error("asking AWS STS for the caller's identity took longer than [schedule] deadline allows")]
    Deadline,
    /// A defect of exposured.
    #[error("the cycle panicked, which is a defect of exposured: {0}; please report it")]
    Panicked(String),
    /// exposured was asked to stop.
    #[error("stopped before the cycle was finished: nothing more is published")]
    Interrupted,
}
