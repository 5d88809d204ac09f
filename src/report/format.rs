//! The formats that each subcommand offers.

use clap::ValueEnum;

/// How exposures are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ResultFormat {
    /// Text to read
    Table,
    /// JSON with exposures, coverage, plan, and summary; `exposured schema` describes it
    Json,
    /// ASFF, as Security Hub imports it
    Asff,
    /// OCSF Detection Findings, one per line
    Ocsf,
    /// No result; the log and the exit code still report how the cycle ended
    None,
}

/// How an explanation is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// Text to read
    Text,
    /// JSON for programs
    Json,
    /// The attack path as a Mermaid flowchart
    Mermaid,
    /// The attack path as a Graphviz graph
    Dot,
}

/// How fixes are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FixesFormat {
    /// Text to read
    Table,
    /// JSON for programs
    Json,
}

/// How an answer about an identity is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IamFormat {
    /// Text to read
    Text,
    /// JSON for programs
    Json,
}

/// How the catalog is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CatalogFormat {
    /// Text to read
    Table,
    /// JSON for programs
    Json,
}
