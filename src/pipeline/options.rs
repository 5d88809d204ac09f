//! The options of sources and sinks, taken from the configuration.

use crate::config::Config;
use crate::sources::SourceOptions;

/// Returns the sources to read.
pub fn source_options(config: &Config) -> SourceOptions {
    SourceOptions {
        enabled: config.collect.sources.clone(),
        config_aggregator: config.collect.aggregator.clone(),
    }
}
