//! Records that were read but are not evidence, and why.

use std::collections::BTreeMap;

use strum::VariantArray;

/// Why a record that was read is not evidence.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
pub enum IgnoreReason {
    /// It is a finding of a product that exposured does not use.
    OtherProduct,
    /// It is a finding of a custom integration, which may claim anything.
    CustomIntegration,
    /// It is an exposure finding of exposured or of Security Hub, which would be evidence for itself.
    ExposureFinding,
    /// It is a sample finding.
    SampleFinding,
    /// It is about a resource of another account than its own, in whole or in part.
    OtherAccount,
    /// It is archived, closed, suppressed, or deleted.
    Inactive,
    /// It is of a type that exposured does not know.
    UnknownType,
}

impl IgnoreReason {
    /// All reasons.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Returns the name in logs and outputs.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Describes a number of records: `1 sample finding`.
    pub fn describe(self, count: u64) -> String {
        let (one, many) = match self {
            Self::OtherProduct => ("finding of another product", "findings of other products"),
            Self::CustomIntegration => (
                "finding of a custom integration",
                "findings of custom integrations",
            ),
            Self::ExposureFinding => ("exposure finding", "exposure findings"),
            Self::SampleFinding => ("sample finding", "sample findings"),
            Self::OtherAccount => (
                "record about a resource of another account",
                "records about resources of other accounts",
            ),
            Self::Inactive => ("inactive record", "inactive records"),
            Self::UnknownType => ("record of an unknown type", "records of unknown types"),
        };
        format!("{count} {}", if count == 1 { one } else { many })
    }
}

/// How many records are not evidence, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IgnoredRecords(BTreeMap<IgnoreReason, u64>);

impl IgnoredRecords {
    /// Counts a record.
    pub fn count(&mut self, reason: IgnoreReason) {
        *self.0.entry(reason).or_default() += 1;
    }

    /// Adds the counts of another target.
    pub fn add(&mut self, other: &Self) {
        for (reason, count) in other.iter() {
            *self.0.entry(reason).or_default() += count;
        }
    }

    /// Returns each reason with its number of records, which is never zero.
    pub fn iter(&self) -> impl Iterator<Item = (IgnoreReason, u64)> {
        self.0.iter().map(|(reason, count)| (*reason, *count))
    }

    /// Describes all of them: `3 findings of other products, 1 sample finding`. It is empty if there are none.
    pub fn describe(&self) -> String {
        let reasons = self.iter().map(|(reason, count)| reason.describe(count));
        reasons.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_described_by_reason() {
        let mut ignored = IgnoredRecords::default();
        assert_eq!(ignored.describe(), "");
        ignored.count(IgnoreReason::SampleFinding);
        let mut more = IgnoredRecords::default();
        for reason in [IgnoreReason::OtherProduct, IgnoreReason::OtherProduct] {
            more.count(reason);
        }
        ignored.add(&more);
        assert_eq!(
            ignored.describe(),
            "2 findings of other products, 1 sample finding"
        );
    }
}
