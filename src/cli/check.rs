//! `exposured check`: whether the configuration and the catalog are valid, and whether every API can be called.

use clap::Args;
use futures_util::future::join_all;

use crate::aws::Session;
use crate::config::{Config, Mode, SecurityHub, check_folders};
use crate::pipeline::{security_hub_options, source_options};
use crate::publish;
use crate::report::catalog::counts;
use crate::report::{ApiCheck, api_checks};
use crate::sources;
use crate::telemetry::{self, Progress, Verbosity};

use super::arguments::ConfigArgs;
use super::{Exit, load, print, report_error};

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
    let is_member = |security_hub: &SecurityHub| security_hub.mode != Mode::Home;
    let printed = print(|output| {
        writeln!(output, "\n{}", api_checks(&checks))?;
        if config.publish.security_hub.as_ref().is_some_and(is_member) {
            writeln!(
                output,
                "\nThe member role was not checked: only a cycle determines in which accounts it is assumed."
            )?;
        }
        Ok(())
    });
    let all_ok = checks.iter().all(|check| check.result.is_ok());
    if all_ok { printed } else { Exit::Partial }
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
        service: "security-hub (publish)".to_owned(),
        result,
    }
}
