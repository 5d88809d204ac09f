//! `exposured check`: whether the configuration and the catalog are valid, and whether every API can be called.

#![expect(
    clippy::disallowed_methods,
    reason = "the check has the same deadline as a cycle"
)]

use std::collections::BTreeSet;

use chrono::DateTime;
use clap::Args;
use futures_util::future::join_all;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::aws::{CallBudget, Session};
use crate::config::{Config, SecurityHub, check_folders};
use crate::pipeline::{publish_options, security_hub_options, source_options};
use crate::publish::{self, ImportedFindings, Publisher};
use crate::report::catalog::counts;
use crate::report::{ApiCheck, api_checks};
use crate::sources;
use crate::telemetry::{self, CycleLog, Progress, Verbosity};

use super::arguments::ConfigArgs;
use super::{Exit, load, print, report_error};

const PUBLISH: &str = "security-hub (publish)";

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    config: ConfigArgs,
    /// Also call each API that would be called, with the smallest request
    #[arg(long)]
    aws: bool,
}

pub(super) async fn check(arguments: CheckArguments) -> Exit {
    let source = arguments.config.source();
    let (config, catalog) = match load(&source) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    if let Err(error) = telemetry::start(Verbosity::Warnings, &Progress::none()) {
        report_error(error);
        return Exit::Usage;
    }
    if let Err(errors) = check_folders(&config) {
        errors.iter().for_each(report_error);
        return Exit::Usage;
    }
    let printed = print(|output| {
        writeln!(output, "configuration: {source}: ok")?;
        writeln!(output, "catalog: {}: ok", counts(&catalog))
    });
    if arguments.aws && printed == Exit::Done {
        check_aws(&config).await
    } else {
        printed
    }
}

async fn check_aws(config: &Config) -> Exit {
    let session = match Session::open(&config.regions).await {
        Ok(session) => session,
        Err(error) => {
            report_error(&error);
            return super::exit_of_session(&error);
        }
    };
    let mut checks = check_sources(&session, config).await;
    if let Some(security_hub) = &config.publish.security_hub {
        checks.push(check_publishing(&session, security_hub).await);
    }
    let note = check_members(&session, config, &mut checks).await;
    let printed = print(|output| {
        writeln!(output, "\n{}", api_checks(&checks))?;
        if let Some(note) = note {
            writeln!(output, "\n{note}")?;
        }
        if config.collect.member_role.is_some() {
            writeln!(
                output,
                "\nThe role that reads IAM was not checked: only a cycle determines in which accounts it is assumed."
            )?;
        }
        Ok(())
    });
    let all_ok = checks.iter().all(|check| check.result.is_ok());
    if all_ok { printed } else { Exit::Partial }
}

/// Tries the member role in each account whose findings the caller sees. Returns what the user should know about it.
async fn check_members(
    session: &Session,
    config: &Config,
    checks: &mut Vec<ApiCheck>,
) -> Option<&'static str> {
    let log = CycleLog::new("check");
    let publisher = Publisher {
        session,
        options: &publish_options(&config.publish),
        imports: true,
        catalog_version: "",
        forgotten: &BTreeSet::new(),
        imported: &ImportedFindings::default(),
        now: DateTime::UNIX_EPOCH,
        log: &log,
        progress: &Progress::none(),
        budget: &CallBudget {
            cancel: CancellationToken::new(),
            deadline: Instant::now() + config.schedule.deadline,
        },
    };
    let check = |account, region, result| ApiCheck {
        account,
        region: Some(region),
        service: PUBLISH.to_owned(),
        result,
    };
    match publisher.member_accounts().await? {
        Err(error) => {
            let home = session.home().clone();
            checks.push(check(session.account, home, Err(error)));
            Some("The member role was not checked, because the accounts are not known.")
        }
        Ok(members) => {
            let probed = publisher.probe_members(&members.accounts).await;
            let probed = probed.into_iter();
            checks.extend(probed.map(|(at, result)| check(at.account, at.region, result)));
            match (members.may_be_more, members.accounts.is_empty()) {
                (true, _) => Some(
                    "There are more accounts. The member role was checked in the accounts above only.",
                ),
                (false, true) => Some(
                    "The member role was not checked: Security Hub shows no finding of another account.",
                ),
                (false, false) => None,
            }
        }
    }
}

async fn check_sources(session: &Session, config: &Config) -> Vec<ApiCheck> {
    let targets = sources::targets(session, &source_options(config));
    let results = join_all(targets.iter().map(|target| target.probe(session))).await;
    let check = |(target, result): (&sources::SourceTarget, _)| {
        let target = target.collection_target();
        ApiCheck {
            account: session.account,
            region: target.region().cloned(),
            service: target.source.to_string(),
            result,
        }
    };
    targets.iter().zip(results).map(check).collect()
}

async fn check_publishing(session: &Session, security_hub: &SecurityHub) -> ApiCheck {
    let (destination, result) = publish::probe(session, &security_hub_options(security_hub)).await;
    ApiCheck {
        account: destination.account,
        region: Some(destination.region),
        service: PUBLISH.to_owned(),
        result,
    }
}
