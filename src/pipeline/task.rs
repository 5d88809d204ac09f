//! What a cycle reads, and how far it goes.

use std::path::PathBuf;

/// What a cycle reads, and how far it goes. Findings from files are never published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CycleTask {
    /// Evaluate findings from files.
    Files(FileInput),
    /// Evaluate findings from AWS, and possibly publish the exposures.
    Aws(AwsGoal),
}

/// Files with findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileInput {
    /// A file, or the files below a folder.
    Path(PathBuf),
    /// The built-in sample.
    Sample,
}

/// How far a cycle on AWS goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwsGoal {
    /// Find exposures, and plan what would be published. Nothing is changed anywhere.
    Plan(ArchiveLimit),
    /// Publish the exposures.
    Publish(ArchiveLimit),
}

/// How many exposures a cycle may archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveLimit {
    /// As many as the configuration allows, or none.
    Configured,
    /// Any number: the user has allowed it.
    Unlimited,
}
