pub mod aws;
pub mod catalogue;
pub mod collect;
pub mod diagnostics;
pub mod evaluate;
pub mod model;
pub mod store;
pub mod telemetry;
