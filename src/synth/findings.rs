//! Findings in the format of each service, with all the fields of real ones.

mod control;
mod inspector;
mod macie;

pub(super) use control::Control;
