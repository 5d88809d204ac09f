//! Vulnerabilities with a realistic distribution: few packages have most of them, and few are ever exploited.

#![expect(
    clippy::indexing_slicing,
    reason = "random indexes are below the length of the list"
)]

use std::sync::LazyLock;

use fastrand::Rng;

/// The number of different vulnerabilities.
const COUNT: u32 = 20_000;

/// How uneven their frequencies are. The higher the value, the fewer vulnerabilities make up most findings.
const UNEVENNESS: f64 = 2.5;

const PACKAGES: [&str; 24] = [
    "openssl",
    "curl",
    "glibc",
    "python3.9",
    "kernel",
    "libxml2",
    "expat",
    "vim-minimal",
    "systemd",
    "openssh-server",
    "sqlite-libs",
    "krb5-libs",
    "libtiff",
    "zlib",
    "nghttp2",
    "bind-libs",
    "org.springframework:spring-web",
    "com.fasterxml.jackson.core:jackson-databind",
    "org.apache.logging.log4j:log4j-core",
    "io.netty:netty-codec-http2",
    "requests",
    "urllib3",
    "lodash",
    "golang.org/x/net",
];

const VECTORS: [&str; 6] = [
    "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    "AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
    "AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:N",
    "AV:N/AC:L/PR:N/UI:R/S:U/C:L/I:L/A:N",
    "AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H",
    "AV:L/AC:L/PR:N/UI:R/S:U/C:N/I:N/A:H",
];

/// A vulnerability, which can be found on many resources.
#[derive(Debug)]
pub(super) struct SyntheticVulnerability {
    pub id: String,
    pub package: &'static str,
    pub version: String,
    pub fixed_in: Option<String>,
    pub vector: &'static str,
    pub score: f64,
    pub epss: f64,
    pub exploit_available: bool,
    pub has_dated_exploit: bool,
}

impl SyntheticVulnerability {
    fn new(number: u32) -> Self {
        let mut random = Rng::with_seed(u64::from(number));
        let score = f64::from(random.u32(31..=98)) / 10.0;
        let epss = epss(random.f64());
        let minor = random.u32(0..40);
        Self {
            id: format!("CVE-{}-{}", 2026 - random.u32(0..8), 10_000 + number),
            package: PACKAGES[random.usize(..PACKAGES.len())],
            version: format!("1.{minor}.{}", random.u32(0..20)),
            fixed_in: (random.f64() < 0.85).then(|| format!("1.{}.0", minor + 1)),
            vector: VECTORS[random.usize(..VECTORS.len())],
            score,
            epss,
            exploit_available: random.f64() < 0.05 + epss,
            has_dated_exploit: random.f64() < epss / 4.0,
        }
    }

    pub(super) fn severity(&self) -> &'static str {
        match self.score {
            score if score >= 9.0 => "CRITICAL",
            score if score >= 7.0 => "HIGH",
            score if score >= 4.0 => "MEDIUM",
            _ => "LOW",
        }
    }
}

/// Returns the EPSS score at a quantile. Half of all scores are below 0.001, and one in a hundred is above 0.1.
///
/// Source: FIRST, "EPSS data and statistics".
fn epss(quantile: f64) -> f64 {
    let score = 0.0004 * (1.0 - quantile).powf(-1.2);
    (score.min(0.97) * 100_000.0).round() / 100_000.0
}

/// All vulnerabilities.
#[derive(Debug)]
pub(super) struct VulnerabilityPool(Vec<SyntheticVulnerability>);

impl VulnerabilityPool {
    /// Returns the vulnerabilities, which are the same in every organization.
    pub(super) fn shared() -> &'static Self {
        static POOL: LazyLock<VulnerabilityPool> = LazyLock::new(|| {
            VulnerabilityPool((0..COUNT).map(SyntheticVulnerability::new).collect())
        });
        &POOL
    }

    /// Picks a vulnerability. Those with a low index are more frequent.
    pub(super) fn pick(&self, random: &mut Rng) -> &SyntheticVulnerability {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number from 0 to `COUNT`"
        )]
        let index = (random.f64().powf(UNEVENNESS) * f64::from(COUNT)) as usize;
        &self.0[index.min(self.0.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_skewed() {
        let pool = VulnerabilityPool::shared();
        let at_least = |score: f64| pool.0.iter().filter(|found| found.epss >= score).count();
        let all = pool.0.len();
        assert!(at_least(0.001) < all / 2, "{}", at_least(0.001));
        assert!(
            (all / 250..all / 60).contains(&at_least(0.1)),
            "{}",
            at_least(0.1)
        );
        assert!(pool.0.iter().all(|found| (0.0..=1.0).contains(&found.epss)));
    }
}
