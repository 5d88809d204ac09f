//! What every source defines about itself.

use futures_util::future::BoxFuture;

use crate::aws::{CallError, CallRate, CallRegions, IamAction, Session};
use crate::model::{Region, SourceKind};

use super::outcome::CollectError;
use super::target_reader::TargetReader;

/// An AWS API from which findings or resources are collected, in one Region at a time.
pub(crate) trait Source: Send + Sync {
    /// The name of the source in the configuration, logs, and coverage.
    fn kind(&self) -> SourceKind;

    /// The IAM actions that it needs.
    fn actions(&self) -> &'static [IamAction];

    /// How often its API may be called.
    fn rate(&self) -> CallRate;

    /// The Regions in which it is called, out of those that the configuration names.
    fn regions(&self, configured: &[Region]) -> CallRegions {
        CallRegions::Each(configured.to_vec())
    }

    /// Whether the service is known to have an endpoint in the Region. The source is called either way, since Regions are
    /// added, but where the service is not known, no response is not a failure.
    fn is_offered_in(&self, _region: &Region) -> bool {
        true
    }

    /// Reads one target to its end, and hands its records to the reader.
    fn collect<'a>(
        &'a self,
        reader: &'a TargetReader<'_>,
    ) -> BoxFuture<'a, Result<(), CollectError>>;

    /// Makes the smallest requests that show whether the source can be read in the Region.
    fn probe<'a>(
        &'a self,
        session: &'a Session,
        region: &'a Region,
    ) -> BoxFuture<'a, Result<(), CallError>>;
}
