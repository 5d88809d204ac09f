//! AWS account IDs.

use std::fmt;
use std::str::FromStr;

/// A 12-digit AWS account ID.
///
/// It is stored as a number, because every resource in memory has one, and displayed with its leading zeros.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(u64);

impl AccountId {
    /// The account of the AWS documentation, `111122223333`, which nobody owns, for generated data.
    pub const EXAMPLE: Self = Self(111_122_223_333);
}

/// The reason why a text is not an account ID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not an AWS account ID, which has 12 digits", .0.escape_debug())]
pub struct ParseAccountIdError(String);

impl FromStr for AccountId {
    type Err = ParseAccountIdError;

    fn from_str(text: &str) -> Result<Self, ParseAccountIdError> {
        if text.len() == 12
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && let Ok(number) = text.parse()
        {
            return Ok(Self(number));
        }
        Err(ParseAccountIdError(text.chars().take(64).collect()))
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:012}", self.0)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_are_kept() {
        assert_eq!(
            "000000000012".parse::<AccountId>().unwrap().to_string(),
            "000000000012"
        );
    }

    #[test]
    fn anything_but_twelve_digits_is_refused() {
        for text in [
            "",
            "12345678901",
            "1234567890123",
            "12345678901a",
            "+12345678901",
            "١٢٣٤٥٦٧٨٩٠١٢",
        ] {
            assert!(text.parse::<AccountId>().is_err(), "{text}");
        }
    }
}
