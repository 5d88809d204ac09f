//! The configuration file that `exposured init` writes.

use crate::model::{AccountId, Region};

use super::SHIPPED;

/// Returns the shipped file, with the Region of an account filled in.
pub fn initial(account: AccountId, region: &Region) -> String {
    let lines = SHIPPED.lines().map(|line| {
        if line.starts_with("# regions = ") {
            format!("regions = [\"{region}\"]\n")
        } else {
            format!("{line}\n")
        }
    });
    let header = format!("# For account {account} in {region}, written by `exposured init`.\n#\n");
    std::iter::once(header).chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Config, parse};
    use super::*;

    #[test]
    fn only_the_region_differs_from_the_defaults() {
        let region: Region = "eu-west-1".parse().unwrap();
        let text = initial("012345678901".parse().unwrap(), &region);
        assert!(text.starts_with("# For account 012345678901 in eu-west-1"));
        let config = parse(&text, "exposured.toml").unwrap();
        let expected = Config {
            regions: vec![region],
            severity: config.severity.clone(),
            file: config.file.clone(),
            ..Config::default()
        };
        assert_eq!(config, expected);
    }
}
