//! Amazon Resource Names.

use std::fmt;
use std::str::FromStr;

use super::{AccountId, Region};

/// A group of Regions with its own accounts and its own ARN prefix.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Partition {
    /// The commercial Regions.
    #[default]
    Aws,
    /// China.
    AwsCn,
    /// AWS GovCloud (US).
    AwsUsGov,
    /// The AWS European Sovereign Cloud.
    AwsEusc,
}

impl Partition {
    /// Returns the name of the partition in ARNs.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns the Region that hosts the global services of the partition, for resources that belong to no Region.
    ///
    /// Source: AWS General Reference, IAM endpoints and quotas.
    pub fn home_region(self) -> Region {
        Region::known(match self {
            Self::Aws => "us-east-1",
            Self::AwsCn => "cn-north-1",
            Self::AwsUsGov => "us-gov-west-1",
            Self::AwsEusc => "eusc-de-east-1",
        })
    }

    /// Returns the partition that a Region belongs to.
    pub fn of_region(region: &Region) -> Self {
        match region.as_str() {
            text if text.starts_with("cn-") => Self::AwsCn,
            text if text.starts_with("us-gov-") => Self::AwsUsGov,
            text if text.starts_with("eusc-") => Self::AwsEusc,
            _ => Self::Aws,
        }
    }
}

/// An Amazon Resource Name: `arn:partition:service:region:account:resource`.
///
/// Source: AWS General Reference, "Identify AWS resources with Amazon Resource Names".
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn(String);

/// The reason why a text is not an ARN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is not an ARN of the form `arn:partition:service:region:account:resource`",
    .0.escape_debug()
)]
pub struct ParseArnError(String);

impl Arn {
    /// Creates an ARN from parts that are known to be valid.
    pub fn new(
        partition: Partition,
        service: &str,
        region: &str,
        account: Option<AccountId>,
        resource: &str,
    ) -> Self {
        let account = account
            .map(|account| account.to_string())
            .unwrap_or_default();
        Self(format!(
            "arn:{}:{service}:{region}:{account}:{resource}",
            partition.as_str()
        ))
    }

    /// Returns the whole ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the partition.
    pub fn partition(&self) -> Partition {
        // `from_str` and `new` accept no other partition.
        self.part(1).parse().unwrap_or_default()
    }

    /// Returns the service, such as `ec2`.
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// Returns the Region, if the ARN has one.
    pub fn region(&self) -> Option<Region> {
        self.part(3).parse().ok()
    }

    /// Returns the account, if the ARN has one. S3 buckets have none, and AWS managed policies have `aws`.
    pub fn account(&self) -> Option<AccountId> {
        self.part(4).parse().ok()
    }

    /// Returns everything after the account, such as `instance/i-0abc`, `function:name`, or the name of a bucket.
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    fn part(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }
}

impl FromStr for Arn {
    type Err = ParseArnError;

    fn from_str(text: &str) -> Result<Self, ParseArnError> {
        let error = || ParseArnError(text.chars().take(128).collect());
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [prefix, partition, service, _, _, resource] = parts.as_slice() else {
            return Err(error());
        };
        let is_valid = *prefix == "arn"
            && partition.parse::<Partition>().is_ok()
            && !service.is_empty()
            && !resource.is_empty()
            && !text.chars().any(|c| c.is_control() || c.is_whitespace());
        if is_valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(error())
        }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Arn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_returned() {
        let arn: Arn = "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f:7"
            .parse()
            .unwrap();
        assert_eq!(arn.partition(), Partition::AwsUsGov);
        assert_eq!(arn.service(), "lambda");
        assert_eq!(arn.region().unwrap().as_str(), "us-gov-west-1");
        assert_eq!(arn.account().unwrap().to_string(), "123456789012");
        assert_eq!(arn.resource(), "function:f:7");
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "i-1",
            "arn:aws:s3",
            "arn:mars:s3:::b",
            "arn:aws:s3:::",
            "arn:aws:s3:::a b",
            "arn:aws:s3:::a\u{1b}[31m",
        ] {
            assert!(text.parse::<Arn>().is_err(), "{text}");
        }
    }
}
