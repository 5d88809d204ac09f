pub mod catalogue;
pub mod diagnostics;
pub mod model;
pub mod store;
