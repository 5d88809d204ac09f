//! `exposured policy`: prints the IAM policies that a configuration needs.

use clap::{Args, ValueEnum};

use crate::aws;
use crate::config::Config;
use crate::model::{AccountId, Region};
use crate::permissions::PolicyScope;
use crate::pipeline::{security_hub_options, source_options};
use crate::report;

use super::arguments::ConfigArgs;
use super::{Exit, load, print, print_error, report_error};

#[derive(Debug, Args)]
pub(super) struct PolicyArguments {
    #[command(flatten)]
    config: ConfigArgs,
    /// Which policy to print
    #[arg(long, value_enum, default_value_t = PolicyKind::Task)]
    role: PolicyKind,
    /// The account of the role; without it, the policy applies in any account
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    /// The organization that the member accounts belong to; without it, that of the caller
    #[arg(long, value_name = "ID")]
    organization: Option<String>,
    /// With --role trust: the role that exposured runs with; without it, any role of --account
    #[arg(long, value_name = "ARN")]
    task_role: Option<String>,
}

/// The policies that a configuration can need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PolicyKind {
    /// The permissions of the role that exposured runs with
    Task,
    /// The permissions of the roles in each account, with mode = "member" or collect.member_role
    Member,
    /// The trust policy of these roles
    Trust,
}

pub(super) async fn policy(arguments: PolicyArguments) -> Exit {
    let (config, _) = match load(&arguments.config.source()) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let regions = match aws::configured_or_environment_regions(&config.regions).await {
        Ok(regions) => regions,
        Err(error) => {
            report_error(error);
            return Exit::Usage;
        }
    };
    let scope = PolicyScope {
        account: arguments.account,
        organization: arguments.organization.clone(),
        ..scope_of(&config, regions)
    };
    if arguments.account.is_none() && arguments.role != PolicyKind::Trust {
        print_error("note: this policy applies in any account; name the account with --account");
    }
    let document = match arguments.role {
        PolicyKind::Task => Ok(scope.task_policy()),
        PolicyKind::Member => scope.member_policy(),
        PolicyKind::Trust => match trusted(&arguments, &scope) {
            Some(principal) => scope.trust_policy(&principal),
            None => {
                report_error("a trust policy names a principal: give --task-role or --account");
                return Exit::Usage;
            }
        },
    };
    match document {
        Ok(document) => print(|output| output.write_all(report::json_text(&document).as_bytes())),
        Err(error) => {
            report_error(error);
            Exit::Usage
        }
    }
}

/// What a configuration needs permissions for, in any account.
pub(super) fn scope_of(config: &Config, regions: Vec<Region>) -> PolicyScope {
    PolicyScope {
        sources: source_options(config),
        security_hub: config
            .publish
            .security_hub
            .as_ref()
            .map(security_hub_options),
        regions,
        account: None,
        organization: None,
    }
}

fn trusted(arguments: &PolicyArguments, scope: &PolicyScope) -> Option<String> {
    let root = |account| format!("arn:{}:iam::{account}:root", scope.partition().as_str());
    arguments
        .task_role
        .clone()
        .or_else(|| arguments.account.map(root))
}
