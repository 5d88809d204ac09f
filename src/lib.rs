//! exposured tells a cloud security team which AWS resource to fix first, and why.
//!
//! Findings flow one way: [`config`] → [`daemon`] → [`collect`] → [`store`] → [`evaluate`] → [`publish`], over plain
//! data ([`model`]) and by the rules of the [`catalogue`]. `ARCHITECTURE.md` is the map, with what each room must
//! never do.

pub mod aws;
pub mod catalogue;
pub mod cli;
pub mod collect;
pub mod config;
pub mod daemon;
pub mod diagnostics;
pub mod evaluate;
pub mod model;
pub mod policy;
pub mod publish;
pub mod sample;
pub mod store;
pub mod synth;
pub mod telemetry;
