//! `exposured check`: whether configuration and catalog hold, and what AWS lets us do.

use clap::Args;
use comfy_table::{Table, presets};
use futures_util::future::join_all;

use crate::aws::{CallError, Failure, Session};
use crate::config::{Config, Mode};
use crate::pipeline::{security_hub_options, source_options};
use crate::publish;
use crate::sources;
use crate::telemetry::{self, Progress, Verbosity};

use super::arguments::ConfigArgs;
use super::{Exit, complain, load};
use crate::report;

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    config: ConfigArgs,
    /// Also ask each API that would be called, with the smallest request
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
        complain(error);
        return Exit::Usage;
    }
    println!("configuration: {source}: ok");
    println!("catalog: {}: ok", report::catalog::counts(&catalog));
    if arguments.aws {
        check_aws(&config).await
    } else {
        Exit::Done
    }
}

async fn check_aws(config: &Config) -> Exit {
    let session = match Session::open(&config.regions).await {
        Ok(session) => session,
        Err(error) => {
            complain(&error);
            return super::exit_of_session(&error);
        }
    };
    let targets = sources::targets(&session, &source_options(config));
    let probes = targets.iter().map(|target| target.probe(&session));
    let results = join_all(probes).await;
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(["ACCOUNT", "REGION", "SERVICE", "RESULT"]);
    let mut all_ok = true;
    for (target, result) in targets.iter().zip(&results) {
        let target = target.collection_target();
        all_ok &= result.is_ok();
        table.add_row([
            session.account.to_string(),
            target.region().map(ToString::to_string).unwrap_or_default(),
            target.source.to_string(),
            describe(result),
        ]);
    }
    if let Some(settings) = &config.publish.security_hub {
        let (destination, result) = publish::probe(&session, &security_hub_options(settings)).await;
        all_ok &= result.is_ok();
        table.add_row([
            destination.account.to_string(),
            destination.region.to_string(),
            "security-hub (publish)".to_owned(),
            describe(&result),
        ]);
    }
    println!("\n{}", table.trim_fmt());
    if config
        .publish
        .security_hub
        .as_ref()
        .is_some_and(|settings| settings.mode != Mode::Home)
    {
        println!(
            "\nThe member role is assumed in the accounts of exposed resources, which only a cycle knows."
        );
    }
    if all_ok { Exit::Done } else { Exit::Partial }
}

fn describe(result: &Result<(), CallError>) -> String {
    match result {
        Ok(()) => "ok".to_owned(),
        Err(error) => match &error.failure {
            Failure::NotEnabled => "not enabled".to_owned(),
            Failure::Denied { action } => format!("denied: {action} is missing"),
            _ => format!("{}: {error}", error.coverage_reason().as_str()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_short() {
        let result = |failure| {
            Err(CallError {
                failure,
                message: "m".into(),
            })
        };
        assert_eq!(describe(&Ok(())), "ok");
        assert_eq!(describe(&result(Failure::NotEnabled)), "not enabled");
        assert_eq!(
            describe(&result(Failure::Denied {
                action: "a:B".into()
            })),
            "denied: a:B is missing"
        );
        assert_eq!(describe(&result(Failure::Throttled)), "throttled: m");
    }
}
