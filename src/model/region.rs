//! AWS Regions.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// An AWS Region, such as `eu-central-1`, or `global` for resources outside of Regions, such as those of IAM.
///
/// AWS adds Regions, so only the form of the name is checked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(Arc<str>);

/// The reason why a text is not a Region.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not an AWS Region, such as `eu-central-1`", .0.escape_debug())]
pub struct ParseRegionError(String);

impl Region {
    /// Returns the Region that AWS's own exposure findings have for IAM and other global resources.
    pub fn global() -> Self {
        Self("global".into())
    }

    /// Creates a Region from a name in the code.
    pub(super) fn known(name: &'static str) -> Self {
        Self(name.into())
    }

    /// Returns the name of the Region.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = ParseRegionError;

    fn from_str(text: &str) -> Result<Self, ParseRegionError> {
        // `aws-global` is the SDK's name for the same. With two names, one resource would become two.
        if text == "global" || text == "aws-global" {
            return Ok(Self::global());
        }
        let is_valid = text.len() <= 32
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && text.split('-').count() >= 3
            && text.split('-').all(|part| !part.is_empty())
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text
                .rsplit('-')
                .next()
                .is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        if is_valid {
            Ok(Self(text.into()))
        } else {
            Err(ParseRegionError(text.chars().take(64).collect()))
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_forms_are_accepted() {
        for text in [
            "us-east-1",
            "ap-southeast-7",
            "us-gov-west-1",
            "cn-northwest-1",
            "eusc-de-east-1",
            "global",
        ] {
            assert_eq!(text.parse::<Region>().unwrap().as_str(), text);
        }
        assert_eq!("aws-global".parse::<Region>().unwrap(), Region::global());
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "us-east",
            "US-EAST-1",
            "us-east-one",
            "us--1",
            "-us-east-1",
            "us-east-1 ",
            "us_east_1",
        ] {
            assert!(text.parse::<Region>().is_err(), "{text}");
        }
    }
}
