//! The formats that each subcommand offers.

use clap::ValueEnum;

/// How exposures are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ResultFormat {
    /// For people
    Table,
    /// Everything: exposures, coverage, summary
    Json,
    /// As Security Hub imports them
    Asff,
    /// OCSF Detection Findings, one a line
    Ocsf,
    /// No result; the log and the exit code still report how the cycle ended
    None,
}

/// How an explanation is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// The attack path as a Mermaid flowchart
    Mermaid,
    /// The attack path as a Graphviz graph
    Dot,
}

/// How fixes are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FixesFormat {
    /// For people
    Table,
    /// For programs
    Json,
}

/// How the answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CatalogFormat {
    /// For people
    Table,
    /// For programs
    Json,
}
