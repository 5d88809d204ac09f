//! The options of sources and sinks, taken from the configuration.

use crate::aws::RoleTemplate;
use crate::config::{Config, MemberRole, Mode, Publish, SecurityHub};
use crate::publish::{ImportInto, PublishOptions, SecurityHubOptions};
use crate::sources::SourceOptions;
use crate::sources::files::FileLimits;

/// Returns the sources to read.
pub fn source_options(config: &Config) -> SourceOptions {
    SourceOptions {
        enabled: config.collect.sources.clone(),
        config_aggregator: config.collect.aggregator.clone(),
        member_role: config.collect.member_role.as_ref().map(role_template),
    }
}

/// Returns how much of an input file is read.
pub(super) fn file_limits(config: &Config) -> FileLimits {
    FileLimits {
        max_record: config.input.max_record_size,
        max_file: config.input.max_file_size,
    }
}

/// Returns where exposures are published.
pub fn publish_options(publish: &Publish) -> PublishOptions {
    PublishOptions {
        security_hub: publish.security_hub.as_ref().map(security_hub_options),
        ocsf_directory: publish.ocsf_directory.clone(),
    }
}

/// Returns how exposures are imported into Security Hub.
pub fn security_hub_options(security_hub: &SecurityHub) -> SecurityHubOptions {
    SecurityHubOptions {
        import_into: match &security_hub.mode {
            Mode::Home => ImportInto::CallerAccount,
            Mode::Member(role) => ImportInto::ResourceAccounts(role_template(role)),
        },
        region: security_hub.region.clone(),
    }
}

fn role_template(role: &MemberRole) -> RoleTemplate {
    RoleTemplate {
        arn: role.template.clone(),
        external_id: role.external_id.clone(),
    }
}
