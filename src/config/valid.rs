//! Checks the configuration and reports every problem.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;

use crate::catalog::SeverityOverride;
use crate::diagnostics::{Problem, Problems, SourceFile};
use crate::model::{Partition, Region, SourceKind};

use super::raw::{RawCollect, RawConfig, RawMode, RawPublish, RawSchedule, RawSecurityHub};
use super::{Collect, Config, MemberRole, Mode, Publish, Schedule, SecurityHub};

const DEFAULT_OCSF_DIRECTORY: &str = "exposures";
const DEFAULT_METRICS_NAMESPACE: &str = "exposured";
const DEFAULT_DEADLINE: Duration = Duration::from_secs(5 * 3_600);
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(90 * 86_400);
const DEFAULT_HEALTH_FILE: &str = "/tmp/exposured-health.json";
const DEFAULT_SETTLE_CYCLES: u32 = 2;
const DEFAULT_MAX_ARCHIVE_PERCENT: u8 = 25;

/// A shorter deadline leaves no time for a retry.
const MIN_DEADLINE: Duration = Duration::from_secs(1);

/// Security Hub CSPM updates the findings of a control once a day, or less often: any shorter age would leave out current
/// findings. Source: Security Hub User Guide, "Schedule for running security checks".
const MIN_MAX_AGE: Duration = Duration::from_secs(86_400);

/// With a cycle every six hours, this is 25 days.
const MAX_SETTLE_CYCLES: u32 = 100;

/// Checks what the types of the raw configuration do not check. Invalid values are replaced by defaults so that the rest can
/// be checked; the caller discards the result if there are problems.
pub(super) fn check(raw: &RawConfig, file: &Arc<SourceFile>, problems: &mut Problems) -> Config {
    let mut checker = ConfigChecker { file, problems };
    let regions = checker.regions(&raw.aws.regions);
    let partition = regions.first().map(Partition::of_region);
    Config {
        schedule: checker.schedule(&raw.schedule),
        regions,
        collect: checker.collect(raw.collect.as_ref(), partition),
        input: checker.input(&raw.input),
        publish: checker.publish(&raw.publish, partition),
        metrics_namespace: checker.metrics_namespace(raw.metrics.namespace.as_ref()),
        catalog: checker.catalog(&raw.catalog.paths),
        severity: raw.severity.as_ref().map(|severity| SeverityOverride {
            file: Arc::clone(file),
            severity: severity.clone(),
        }),
        triaging: checker.triage(raw),
        file: Arc::clone(file),
    }
}

pub(super) struct ConfigChecker<'a> {
    file: &'a Arc<SourceFile>,
    problems: &'a mut Problems,
}

impl ConfigChecker<'_> {
    pub(super) fn push_problem<T>(
        &mut self,
        at: &Spanned<T>,
        message: impl Into<String>,
        help: &str,
    ) {
        self.problems
            .push(Problem::new(self.file, at.span(), message).help(help));
    }

    fn schedule(&mut self, raw: &RawSchedule) -> Schedule {
        Schedule {
            cron: self.cron(raw.cron.as_ref()),
            run_on_start: raw.run_on_start.unwrap_or(true),
            deadline: raw
                .deadline
                .as_ref()
                .map_or(DEFAULT_DEADLINE, |text| self.deadline(text)),
            health_file: self.health_file(raw.health_file.as_ref()),
        }
    }

    fn deadline(&mut self, text: &Spanned<String>) -> Duration {
        let help =
            "write a duration of at least one second, such as \"5h\", \"90m\", or \"4h 30m\"";
        match humantime::parse_duration(text.get_ref()) {
            Ok(deadline) if deadline >= MIN_DEADLINE => return deadline,
            Ok(_) => self.push_problem(
                text,
                format!("the deadline `{}` is too short", text.get_ref()),
                help,
            ),
            Err(error) => self.push_problem(
                text,
                format!("invalid duration `{}`: {error}", text.get_ref()),
                help,
            ),
        }
        DEFAULT_DEADLINE
    }

    fn health_file(&mut self, path: Option<&Spanned<String>>) -> PathBuf {
        let help =
            "remove the key to use the default, or set it to a file on a writable file system";
        match path {
            Some(at) if at.get_ref().trim().is_empty() => {
                self.push_problem(at, "`health_file` is empty", help);
            }
            Some(at) if !is_file_path(at.get_ref()) => {
                let message = format!("`health_file` is the path of a folder: `{}`", at.get_ref());
                self.push_problem(at, message, help);
            }
            _ => {}
        }
        path.map_or(DEFAULT_HEALTH_FILE, |path| path.get_ref())
            .into()
    }

    fn regions(&mut self, raw: &[Spanned<String>]) -> Vec<Region> {
        let mut regions: Vec<Region> = Vec::new();
        for text in raw {
            let partition = regions.first().map(Partition::of_region);
            match self.region_in(text, partition) {
                Some(region) if regions.contains(&region) => {
                    self.push_problem(
                        text,
                        format!("the Region `{region}` is listed twice"),
                        "list each Region once",
                    );
                }
                Some(region) => regions.push(region),
                None => {}
            }
        }
        regions
    }

    /// Checks a Region that must be in the same partition as the others: credentials are valid in one partition only.
    /// Source: AWS Whitepaper, "AWS Fault Isolation Boundaries", partitions.
    fn region_in(
        &mut self,
        text: &Spanned<String>,
        partition: Option<Partition>,
    ) -> Option<Region> {
        let region = self.region(text)?;
        let own = Partition::of_region(&region);
        if let Some(partition) = partition.filter(|partition| *partition != own) {
            self.push_problem(
                text,
                format!("the Region `{region}` is in the partition `{own}`, and the first one is in `{partition}`"),
                "use Regions of one partition; run one exposured in each partition",
            );
        }
        Some(region)
    }

    fn region(&mut self, text: &Spanned<String>) -> Option<Region> {
        match text.get_ref().parse::<Region>() {
            Ok(region) if region == Region::global() => {
                self.push_problem(
                    text,
                    "`global` is not a Region that can be queried",
                    "remove it; findings about IAM are read in every Region in which AWS Config records global resources",
                );
                None
            }
            Ok(region) => Some(region),
            Err(error) => {
                self.push_problem(
                    text,
                    error.to_string(),
                    "`aws account list-regions` lists the Regions",
                );
                None
            }
        }
    }

    fn collect(
        &mut self,
        raw: Option<&Spanned<RawCollect>>,
        partition: Option<Partition>,
    ) -> Collect {
        let default = RawCollect::default();
        let collect = raw.map_or(&default, Spanned::get_ref);
        let mut sources: Vec<SourceKind> = [
            (
                SourceKind::SecurityHub,
                collect.security_hub.unwrap_or(true),
            ),
            (SourceKind::Inspector, collect.inspector.unwrap_or(true)),
            (SourceKind::Macie, collect.macie.unwrap_or(true)),
            // Most accounts have no analyzer.
            (
                SourceKind::AccessAnalyzer,
                collect.access_analyzer.unwrap_or(false),
            ),
        ]
        .into_iter()
        .filter(|(_, is_enabled)| *is_enabled)
        .map(|(source, _)| source)
        .collect();
        if let (true, Some(at)) = (sources.is_empty(), raw) {
            self.push_problem(
                at,
                "all sources are disabled",
                "enable at least one of `security_hub`, `inspector`, `macie`, and `access_analyzer`",
            );
        }
        let relation_source = self.relation_source(collect);
        sources.extend(relation_source);
        let reads_iam = self.reads_iam(collect, relation_source);
        sources.extend(reads_iam.then_some(SourceKind::Iam));
        let aggregator = self.aggregator(collect, relation_source == Some(SourceKind::Config));
        Collect {
            sources,
            aggregator,
            member_role: self.reading_role(collect, reads_iam, partition),
            max_age: collect
                .max_age
                .as_ref()
                .map_or(DEFAULT_MAX_AGE, |text| self.max_age(text)),
        }
    }

    fn max_age(&mut self, text: &Spanned<String>) -> Duration {
        let help = "write a duration of at least one day, such as \"90d\" or \"30d\"";
        match humantime::parse_duration(text.get_ref()) {
            Ok(age) if age >= MIN_MAX_AGE => return age,
            Ok(_) => self.push_problem(
                text,
                format!("the age `{}` is too short", text.get_ref()),
                help,
            ),
            Err(error) => self.push_problem(
                text,
                format!("invalid duration `{}`: {error}", text.get_ref()),
                help,
            ),
        }
        DEFAULT_MAX_AGE
    }

    /// Returns the source of relations in addition to findings.
    fn relation_source(&mut self, collect: &RawCollect) -> Option<SourceKind> {
        let resources = collect.resources.as_ref()?;
        match resources.get_ref().as_str() {
            "none" => None,
            "security-hub" => Some(SourceKind::SecurityHubResources),
            "config" => Some(SourceKind::Config),
            other => {
                self.push_problem(
                    resources,
                    format!("unknown source of relations `{other}`"),
                    "write \"none\", \"security-hub\", or \"config\"",
                );
                None
            }
        }
    }

    /// Checks the name of the aggregator.
    ///
    /// Source: AWS Config API Reference, `SelectAggregateResourceConfig`, `ConfigurationAggregatorName`.
    fn aggregator(&mut self, collect: &RawCollect, is_config_enabled: bool) -> Option<String> {
        let at = collect.config.aggregator.as_ref()?;
        let name = at.get_ref();
        let is_valid = (1..=256).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if !is_valid {
            self.push_problem(
                at,
                format!("invalid aggregator name `{name}`"),
                "write 1 to 256 letters, digits, `_`, or `-`; `aws configservice \
                 describe-configuration-aggregators` lists the aggregators",
            );
        } else if !is_config_enabled {
            self.push_problem(
                at,
                "the aggregator is not used, because AWS Config is not a source",
                "set `collect.resources = \"config\"`, or remove the aggregator",
            );
        }
        Some(name.clone())
    }

    /// Checks the namespace of the metrics.
    ///
    /// Sources: CloudWatch User Guide, "Namespaces"; CloudWatch API Reference, `PutMetricData`, `Namespace`.
    fn metrics_namespace(&mut self, raw: Option<&Spanned<String>>) -> String {
        let Some(at) = raw else {
            return DEFAULT_METRICS_NAMESPACE.to_owned();
        };
        let name = at.get_ref();
        let is_valid = (1..=255).contains(&name.len())
            && !name.starts_with(':')
            && !name.trim().is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-_/#: ".contains(&byte));
        if !is_valid {
            self.push_problem(
                at,
                format!("invalid metric namespace `{name}`"),
                "write 1 to 255 letters, digits, spaces, or any of `. - _ / # :`, without a colon at the start",
            );
        } else if name.starts_with("AWS/") {
            self.push_problem(
                at,
                format!("the metric namespace `{name}` is reserved"),
                "namespaces that start with `AWS/` belong to AWS services; choose another name",
            );
        }
        name.clone()
    }

    fn catalog(&mut self, raw: &[Spanned<String>]) -> Vec<PathBuf> {
        for path in raw {
            if path.get_ref().trim().is_empty() {
                self.push_problem(
                    path,
                    "the path is empty",
                    "write the path of a file, or of a folder of *.toml files",
                );
            }
        }
        raw.iter().map(|path| path.get_ref().into()).collect()
    }

    fn publish(&mut self, raw: &RawPublish, partition: Option<Partition>) -> Publish {
        let ocsf_directory = raw.ocsf.as_ref().map(|ocsf| {
            let directory = ocsf
                .directory
                .as_ref()
                .map_or(DEFAULT_OCSF_DIRECTORY, |directory| directory.get_ref());
            if let Some(at) = ocsf
                .directory
                .as_ref()
                .filter(|directory| directory.get_ref().trim().is_empty())
            {
                self.push_problem(
                    at,
                    "`directory` is empty",
                    "write the path of a folder, or remove `[publish.ocsf]` to disable OCSF files",
                );
            }
            PathBuf::from(directory)
        });
        let security_hub = self.security_hub(&raw.security_hub, partition);
        let enabled = raw.security_hub.enabled.unwrap_or(true);
        Publish {
            security_hub: enabled.then_some(security_hub),
            ocsf_directory,
            settle_cycles: self.at_most(
                raw.settle_cycles.as_ref(),
                MAX_SETTLE_CYCLES,
                DEFAULT_SETTLE_CYCLES,
                "cycles",
            ),
            max_archive_percent: self.at_most(
                raw.max_archive_percent.as_ref(),
                100,
                DEFAULT_MAX_ARCHIVE_PERCENT,
                "percent",
            ),
        }
    }

    fn at_most<T: Copy + PartialOrd + std::fmt::Display>(
        &mut self,
        raw: Option<&Spanned<T>>,
        maximum: T,
        default: T,
        unit: &str,
    ) -> T {
        let Some(at) = raw else { return default };
        let value = *at.get_ref();
        if value > maximum {
            self.push_problem(
                at,
                format!("the value {value} is too large"),
                &format!("write 0 to {maximum} {unit}"),
            );
            return default;
        }
        value
    }

    fn security_hub(&mut self, raw: &RawSecurityHub, partition: Option<Partition>) -> SecurityHub {
        // The role is checked in either mode, so that a mistake shows before the mode is switched.
        let role = MemberRole {
            template: self.role_template(raw.member_role.as_ref(), partition),
            external_id: self.external_id(raw.external_id.as_ref()),
        };
        SecurityHub {
            mode: match raw.mode.unwrap_or(RawMode::Home) {
                RawMode::Home => Mode::Home,
                RawMode::Member => Mode::Member(role),
            },
            region: raw
                .region
                .as_ref()
                .and_then(|region| self.region_in(region, partition)),
        }
    }
}

/// Whether a path can name a file: it does not end with `/`, `.`, or `..`.
fn is_file_path(path: &str) -> bool {
    !path.ends_with('/') && !path.ends_with("/.") && Path::new(path).file_name().is_some()
}
