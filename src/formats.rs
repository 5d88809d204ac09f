//! An exposure as ASFF and as OCSF, within the limits of the formats' fields.

pub mod asff;
mod asff_fit;
pub mod ocsf;
