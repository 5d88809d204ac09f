//! From AWS APIs and files to snapshots: one file per source. Sources decide nothing about exposures.
//!
//! A source is added by a file with its `Source` implementation and a line in `registry`.

mod access_analyzer;
mod config_service;
mod failed_read;
pub mod files;
mod foreign_content;
mod iam;
mod inspector;
mod json_records;
mod macie;
mod outcome;
mod record_sink;
mod security_hub;
mod security_hub_resources;
mod source;
mod target_reader;

use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;

use crate::aws::{CallError, Permission, RoleTemplate, Session};
use crate::model::{AccountId, CollectionTarget, Region, SourceKind};

pub use outcome::CollectedTarget;
pub use target_reader::CollectContext;

use access_analyzer::AccessAnalyzer;
use config_service::ConfigService;
use iam::Iam;
use inspector::Inspector;
use macie::Macie;
use security_hub::SecurityHub;
use security_hub_resources::SecurityHubResources;
use source::Source;
use target_reader::TargetReader;

/// The sources to read, and their own options.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceOptions {
    /// The sources that are turned on.
    pub enabled: Vec<SourceKind>,
    /// The aggregator of AWS Config to query instead of each Region's own recorder.
    pub config_aggregator: Option<String>,
    /// The role with which IAM is read in the accounts of others.
    pub member_role: Option<RoleTemplate>,
}

/// Returns every source: one line per source, in the order in which they are listed.
fn registry(options: &SourceOptions) -> Vec<Arc<dyn Source>> {
    let config_service = ConfigService {
        aggregator: options.config_aggregator.clone(),
    };
    vec![
        Arc::new(SecurityHub),
        Arc::new(Inspector),
        Arc::new(Macie),
        Arc::new(AccessAnalyzer),
        Arc::new(SecurityHubResources),
        Arc::new(config_service),
        Arc::new(Iam::default()),
    ]
}

/// Returns the sources that are turned on.
fn enabled(options: &SourceOptions) -> Vec<Arc<dyn Source>> {
    let mut sources = registry(options);
    sources.retain(|source| options.enabled.contains(&source.kind()));
    sources
}

/// Returns the permissions that the sources need that are turned on.
pub fn permissions(options: &SourceOptions, regions: &[Region]) -> Vec<Permission> {
    let permissions = |source: Arc<dyn Source>| {
        let regions = source.regions(regions);
        source.actions().iter().map(move |action| Permission {
            action: *action,
            regions: regions.clone(),
        })
    };
    enabled(options).into_iter().flat_map(permissions).collect()
}

/// Returns the role that reads other accounts, and what it needs. `None` if only the caller's account is read.
pub fn member_permissions<'a>(
    options: &'a SourceOptions,
    regions: &[Region],
) -> Option<(&'a RoleTemplate, Permission)> {
    let is_read = options.enabled.contains(&SourceKind::Iam);
    let role = options.member_role.as_ref().filter(|_| is_read)?;
    let permission = Permission {
        action: iam::GET_DETAILS,
        regions: iam::regions(regions),
    };
    Some((role, permission))
}

/// A source in one Region of one account.
pub(crate) struct SourceTarget {
    source: Arc<dyn Source>,
    region: Region,
    target: CollectionTarget,
}

impl SourceTarget {
    /// Returns the name under which its coverage is reported.
    pub(crate) fn collection_target(&self) -> &CollectionTarget {
        &self.target
    }

    /// Makes the smallest requests that show whether it can be read.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) async fn probe(&self, session: &Session) -> Result<(), CallError> {
        self.source.probe(session, &self.region).await
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the duration of a collection is logged"
    )]
    async fn collect(self, session: Session, context: CollectContext) -> CollectedTarget {
        let started = Instant::now();
        let Self {
            source,
            region,
            target,
        } = self;
        let reader = TargetReader::new(&session, &region, &target, source.rate(), &context);
        let result = source.collect(&reader).await;
        CollectedTarget {
            outcome: reader.finish(result, source.is_offered_in(&region)),
            duration: started.elapsed(),
        }
    }
}

/// Returns the targets of the sources that are turned on.
pub(crate) fn targets(session: &Session, options: &SourceOptions) -> Vec<SourceTarget> {
    let targets_of = |source| targets_in(session, session.account, &source);
    enabled(options).into_iter().flat_map(targets_of).collect()
}

/// Returns the targets in other accounts: one for each, if there is a role to read it with.
pub(crate) fn member_targets(
    session: &Session,
    options: &SourceOptions,
    accounts: impl IntoIterator<Item = AccountId>,
) -> Vec<SourceTarget> {
    let role = options.member_role.as_ref();
    let role = role.filter(|_| options.enabled.contains(&SourceKind::Iam));
    let Some(role) = role else { return Vec::new() };
    let others = accounts.into_iter();
    let others = others.filter(|account| *account != session.account);
    let targets_of = |account| {
        let member = Some((account, role.clone()));
        let source: Arc<dyn Source> = Arc::new(Iam { member });
        targets_in(session, account, &source)
    };
    others.flat_map(targets_of).collect()
}

fn targets_in(
    session: &Session,
    account: AccountId,
    source: &Arc<dyn Source>,
) -> Vec<SourceTarget> {
    let target = |region: Region| SourceTarget {
        target: CollectionTarget::api(source.kind(), account, region.clone()),
        source: Arc::clone(source),
        region,
    };
    let regions = source.regions(&session.regions);
    regions.as_slice().iter().cloned().map(target).collect()
}

/// How many member accounts are read at the same time: each page is held in memory.
pub(crate) const MAX_MEMBERS: usize = 16;

/// Reads targets concurrently, at most `limit` at a time, and hands over each as soon as it is collected.
pub(crate) async fn collect(
    session: &Session,
    targets: Vec<SourceTarget>,
    context: &CollectContext,
    limit: usize,
    mut on_collected: impl FnMut(CollectedTarget),
) {
    context.progress.start("collecting target", targets.len());
    let mut waiting = targets.into_iter();
    let mut running = JoinSet::new();
    for target in waiting.by_ref().take(limit) {
        running.spawn(target.collect(session.clone(), context.clone()));
    }
    while let Some(joined) = running.join_next().await {
        match joined {
            Ok(collected) => {
                context.progress.part_done();
                on_collected(collected);
            }
            // Nothing aborts these tasks, so this is a panic: a defect that must not go unnoticed.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
        if let Some(target) = waiting.next() {
            running.spawn(target.collect(session.clone(), context.clone()));
        }
    }
    context.progress.finish();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_of_source_is_registered_once() {
        let kinds: Vec<SourceKind> = registry(&SourceOptions::default())
            .iter()
            .map(|source| source.kind())
            .collect();
        assert!(SourceKind::services().eq(kinds));
    }

    #[test]
    fn every_action_has_a_reason_and_a_resource() {
        let with_aggregator = SourceOptions {
            config_aggregator: Some("organization".into()),
            ..SourceOptions::default()
        };
        let mut actions = BTreeSet::new();
        for options in [SourceOptions::default(), with_aggregator] {
            for source in registry(&options) {
                for action in source.actions() {
                    assert!(action.action.contains(':') && !action.reason.is_empty());
                    assert!(
                        action.resource == "*" || action.resource.starts_with("arn:{partition}:"),
                        "{action:?}"
                    );
                    actions.insert(action.action);
                }
            }
        }
        let expected = [
            "access-analyzer:ListAnalyzers",
            "access-analyzer:ListFindings",
            "config:SelectAggregateResourceConfig",
            "config:SelectResourceConfig",
            "iam:GetAccountAuthorizationDetails",
            "inspector2:ListFindings",
            "macie2:GetFindings",
            "macie2:ListFindings",
            "securityhub:GetFindings",
            "securityhub:GetResourcesV2",
        ];
        assert_eq!(actions, BTreeSet::from(expected));
    }

    #[test]
    fn only_sources_that_are_turned_on_are_enabled() {
        let options = SourceOptions {
            enabled: vec![SourceKind::Config, SourceKind::Inspector],
            ..SourceOptions::default()
        };
        let kinds: Vec<SourceKind> = enabled(&options)
            .iter()
            .map(|source| source.kind())
            .collect();
        assert_eq!(kinds, [SourceKind::Inspector, SourceKind::Config]);
    }
}
