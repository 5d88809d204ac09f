//! The program as its users run it: the real binary, against files and against a fake AWS.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests report a failure by panicking, and start programs on files of their own"
)]

mod ages;
mod aws;
mod aws_errors;
mod catalog;
mod certificates;
mod command_line;
mod daemon;
mod documents;
mod end_to_end;
mod explaining;
mod export;
mod external_access;
mod fault_recovery;
mod findings;
mod fixing;
mod forgery;
mod formats;
mod hard_input;
mod iam_access;
mod identities;
mod input_limits;
mod json_output;
mod listing;
mod liveness;
mod members;
mod observability;
mod policies;
mod policy_templates;
mod program;
mod publishing;
mod reconciling;
mod relations;
mod schedules;
mod sizing;
mod terminal;
mod triage;
mod unknowns;
