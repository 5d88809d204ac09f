//! Truth with three values: no, unknown, or yes. An unknown names what is missing.

use std::collections::BTreeSet;

/// A truth, with what would have to be known where it is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    No,
    Unknown(BTreeSet<String>),
    Yes,
}

impl Truth {
    pub(super) fn unknown(missing: impl Into<String>) -> Self {
        Self::Unknown(BTreeSet::from([missing.into()]))
    }

    pub(super) fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Yes => Self::No,
            unknown @ Self::Unknown(_) => unknown,
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, other) => other,
            (unknown, Self::Yes) => unknown,
            (Self::Unknown(mut missing), Self::Unknown(other)) => {
                missing.extend(other);
                Self::Unknown(missing)
            }
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    /// Whether any is true.
    pub(super) fn any(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut any = Self::No;
        for truth in truths {
            any = any.or(truth);
            if any == Self::Yes {
                break;
            }
        }
        any
    }

    /// Whether all are true.
    pub(super) fn all(truths: impl IntoIterator<Item = Self>) -> Self {
        Self::any(truths.into_iter().map(Self::not)).not()
    }
}

impl From<bool> for Truth {
    fn from(is_true: bool) -> Self {
        if is_true { Self::Yes } else { Self::No }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_matters_only_where_the_other_side_does_not_decide() {
        let unknown = || Truth::unknown("aws:SourceIp");
        assert_eq!(unknown().and(Truth::No), Truth::No);
        assert_eq!(unknown().and(Truth::Yes), unknown());
        assert_eq!(unknown().or(Truth::Yes), Truth::Yes);
        assert_eq!(unknown().or(Truth::No), unknown());
        assert_eq!(unknown().not(), unknown());
        let both = unknown().or(Truth::unknown("aws:SourceVpc"));
        let names = ["aws:SourceIp", "aws:SourceVpc"].map(str::to_owned);
        assert_eq!(both, Truth::Unknown(BTreeSet::from(names)));
    }
}
