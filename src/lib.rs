//! exposured tells a cloud security team which AWS resource to fix first, and why.
//!
//! Findings flow one way: [`sources`] → [`records`] → [`graph`] → [`evaluate`] → [`reconcile`] → [`publish`], over plain
//! data ([`model`]) and by the rules of the [`catalog`]. `ARCHITECTURE.md` is the map, with what each module must
//! never do.

pub mod aws;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod diagnostics;
pub mod evaluate;
pub mod formats;
pub mod graph;
pub mod iam;
pub mod model;
pub mod permissions;
pub mod pipeline;
pub mod publish;
pub mod reconcile;
pub mod records;
pub mod report;
pub mod sample;
pub mod sources;
pub mod synth;
pub mod telemetry;
