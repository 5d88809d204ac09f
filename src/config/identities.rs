//! Checks the settings for reading what users and roles are allowed to do.

use crate::model::{Partition, SourceKind};

use super::MemberRole;
use super::raw::RawCollect;
use super::valid::ConfigChecker;

impl ConfigChecker<'_> {
    /// Whether `GetAccountAuthorizationDetails` is called.
    pub(super) fn reads_iam(
        &mut self,
        collect: &RawCollect,
        relation_source: Option<SourceKind>,
    ) -> bool {
        let Some(iam) = &collect.iam else { return true };
        match iam.get_ref().as_str() {
            "auto" | "account-authorization-details" => return true,
            "none" => {}
            "config" if relation_source == Some(SourceKind::Config) => {}
            "config" => self.push_problem(
                iam,
                "IAM cannot be read from AWS Config, because AWS Config is not a source",
                "set `collect.resources = \"config\"`, or write \"auto\"",
            ),
            other => self.push_problem(
                iam,
                format!("unknown source of IAM `{other}`"),
                "write \"auto\", \"account-authorization-details\", \"config\", or \"none\"",
            ),
        }
        // The help of another problem would be wrong if the value is.
        !matches!(iam.get_ref().as_str(), "none" | "config")
    }

    /// Checks the role that reads IAM in other accounts.
    pub(super) fn reading_role(
        &mut self,
        collect: &RawCollect,
        reads_iam: bool,
        partition: Option<Partition>,
    ) -> Option<MemberRole> {
        let Some(at) = &collect.member_role else {
            if let Some(external_id) = &collect.external_id {
                self.push_problem(
                    external_id,
                    "the external ID is not used, because there is no `member_role`",
                    "set `collect.member_role`, or remove the external ID",
                );
            }
            return None;
        };
        if !reads_iam {
            self.push_problem(
                at,
                "the role is not used, because IAM is not read",
                "set `collect.iam = \"auto\"`, or remove the role",
            );
        }
        Some(MemberRole {
            template: self.role_template(Some(at), partition),
            external_id: self.external_id(collect.external_id.as_ref()),
        })
    }
}
