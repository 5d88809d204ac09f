pub mod aws;
pub mod catalogue;
pub mod collect;
pub mod diagnostics;
pub mod model;
pub mod store;
pub mod telemetry;
