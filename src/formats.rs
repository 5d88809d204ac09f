//! An exposure as ASFF and as OCSF, within the limits of each field.

pub mod asff;
pub mod ocsf;
