//! Checks the role that is assumed in member accounts.

use toml::Spanned;

use crate::model::{Arn, Partition};

use super::valid::ConfigChecker;

const DEFAULT_NAME: &str = "exposured-publish";

/// Stands for the account ID in the ARN of the role.
const ACCOUNT: &str = "{account}";

impl ConfigChecker<'_> {
    /// Checks the ARN of the role. `partition` is that of the Regions, if they are configured.
    pub(super) fn role_template(
        &mut self,
        raw: Option<&Spanned<String>>,
        partition: Option<Partition>,
    ) -> String {
        let Some(at) = raw else {
            let partition = partition.unwrap_or(Partition::Aws);
            return format!("arn:{partition}:iam::{ACCOUNT}:role/{DEFAULT_NAME}");
        };
        let template = at.get_ref();
        if template.split(':').nth(4) != Some(ACCOUNT) {
            self.push_problem(
                at,
                "the account of the role ARN is not `{account}`",
                "write `{account}` in place of the account ID; it stands for the account of each exposure",
            );
        }
        let example: Result<Arn, _> = template.replace(ACCOUNT, "123456789012").parse();
        match example {
            Ok(arn) if arn.service() == "iam" && arn.resource().starts_with("role/") => {
                let own = arn.partition();
                if let Some(partition) = partition.filter(|partition| *partition != own) {
                    self.push_problem(
                        at,
                        format!("the role is in the partition `{own}`, and the Regions are in `{partition}`"),
                        &format!("write an ARN that starts with `arn:{partition}:`"),
                    );
                }
            }
            _ => self.push_problem(
                at,
                format!("`{template}` is not the ARN of an IAM role"),
                "write an ARN such as \"arn:aws:iam::{account}:role/exposured-publish\"",
            ),
        }
        template.clone()
    }

    pub(super) fn external_id(&mut self, raw: Option<&Spanned<String>>) -> String {
        let Some(at) = raw else { return String::new() };
        if !is_external_id(at.get_ref()) {
            self.push_problem(
                at,
                "invalid external ID",
                "write 2 to 1,224 letters, digits, or any of `+ = , . @ : / - _`, or leave it empty",
            );
        }
        at.get_ref().clone()
    }
}

/// Whether a text is empty or a valid external ID.
///
/// Source: AWS STS API Reference, `AssumeRole`, `ExternalId`.
fn is_external_id(text: &str) -> bool {
    text.is_empty()
        || ((2..=1_224).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@:/-_".contains(&byte)))
}
