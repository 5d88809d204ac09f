//! From services and files to snapshots: one file a source. Collectors decide nothing about exposure.
//!
//! What they have in common is here: the targets, what runs along with each, and how its outcome is told.

mod api_target;
mod config_service;
pub mod files;
mod inspector;
mod macie;
mod resources;
mod security_hub;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::task::JoinSet;

use crate::aws::{CallBudget, CallError, CallRate, Session};
use crate::catalog::Catalog;
use crate::config::Collect;
use crate::graph::TargetOutcome;
use crate::model::{CollectionTarget, Region, SourceKind};
use crate::telemetry::{CycleLog, Progress};

use api_target::ApiTarget;

/// What every collector is given.
#[derive(Clone, Debug)]
pub struct Collection {
    /// What to look for.
    pub catalog: Arc<Catalog>,
    /// Where to tell of records that cannot be read.
    pub log: CycleLog,
    /// How far it has come.
    pub progress: Progress,
    /// From then on no further call is made.
    pub budget: CallBudget,
}

/// A target's outcome, and how long it took.
pub type Timed = (TargetOutcome, Duration);

/// The targets that a configuration asks for. An aggregator knows all Regions, so it is one target.
pub fn targets(session: &Session, collect: &Collect) -> Vec<CollectionTarget> {
    let target = |source: SourceKind, region: &Region| {
        CollectionTarget::api(source, session.account, region.clone())
    };
    collect
        .sources
        .iter()
        .flat_map(|source| {
            let is_aggregated = *source == SourceKind::Config && collect.aggregator.is_some();
            let count = if is_aggregated {
                1
            } else {
                session.regions.len()
            };
            session
                .regions
                .iter()
                .take(count)
                .map(move |region| target(*source, region))
        })
        .collect()
}

/// Reads all targets at once, and hands over each as soon as it is done.
pub async fn from_aws(
    session: &Session,
    collect: &Collect,
    collection: &Collection,
    mut hand_over: impl FnMut(Timed),
) {
    let targets = targets(session, collect);
    collection
        .progress
        .start("collecting target", targets.len());
    let mut running = JoinSet::new();
    for target in targets {
        running.spawn(read_target(
            session.clone(),
            target,
            collection.clone(),
            collect.aggregator.clone(),
        ));
    }
    while let Some(done) = running.join_next().await {
        match done {
            Ok(timed) => {
                collection.progress.part_done();
                hand_over(timed);
            }
            // Nothing aborts these tasks, so this is a panic, a defect: it goes on where it can be seen.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    collection.progress.finish();
}

/// Asks the API of a target for the smallest thing that shows whether it can be read.
///
/// # Errors
/// Why it cannot.
pub async fn probe(
    session: &Session,
    collect: &Collect,
    target: &CollectionTarget,
) -> Result<(), CallError> {
    let region = target.region().unwrap_or(session.home());
    match target.source {
        SourceKind::SecurityHub => security_hub::probe(&session.security_hub(region)).await,
        SourceKind::Inspector => inspector::probe(&session.inspector(region)).await,
        SourceKind::Macie => macie::probe(&session.macie(region)).await,
        SourceKind::SecurityHubResources => resources::probe(&session.security_hub(region)).await,
        SourceKind::Config => {
            config_service::probe(&session.config(region), collect.aggregator.as_deref()).await
        }
        SourceKind::File => Ok(()),
    }
}

async fn read_target(
    session: Session,
    target: CollectionTarget,
    collection: Collection,
    aggregator: Option<String>,
) -> Timed {
    let started = Instant::now();
    // Targets of services have a Region; a target without one is none of theirs.
    let region = target.region().unwrap_or(session.home()).clone();
    let source = target.source;
    let reading = ApiTarget::new(&collection, target);
    let limiter = |rate| session.limiter(session.account, &region, rate);
    let ended = match source {
        SourceKind::SecurityHub => {
            let limiter = limiter(CallRate::GetFindings);
            security_hub::read(&session.security_hub(&region), &limiter, &reading).await
        }
        SourceKind::Inspector => {
            let limiter = limiter(CallRate::Inspector);
            inspector::read(&session.inspector(&region), &limiter, &reading).await
        }
        SourceKind::Macie => {
            let limiter = limiter(CallRate::Macie);
            macie::read(&session.macie(&region), &limiter, &reading).await
        }
        SourceKind::SecurityHubResources => {
            let limiter = limiter(CallRate::GetResourcesV2);
            resources::read(&session.security_hub(&region), &limiter, &reading).await
        }
        SourceKind::Config => {
            let limiter = limiter(CallRate::Config);
            let client = session.config(&region);
            config_service::read(&client, aggregator.as_deref(), &limiter, &reading).await
        }
        SourceKind::File => Ok(()),
    };
    (reading.finish(ended, Utc::now()), started.elapsed())
}
