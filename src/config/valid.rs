//! Raw → valid, once, gathering every problem.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_cron_scheduler::Job;
use toml::Spanned;

use crate::catalog::SeverityOverride;
use crate::diagnostics::{Problem, Problems, SourceFile};
use crate::model::{Arn, Region, SourceKind};

use super::raw::{RawCollect, RawConfig, RawMode, RawPublish, RawSchedule, RawSecurityHub};
use super::{Collect, Config, MemberRole, Mode, Publish, Schedule, SecurityHub};

const DEFAULT_CRON: &str = "0 0 */6 * * *";
const DEFAULT_MEMBER_ROLE: &str = "arn:aws:iam::{account}:role/exposured-publish";
const DEFAULT_OCSF_DIRECTORY: &str = "exposures";
const DEFAULT_METRICS_NAMESPACE: &str = "exposured";
const DEFAULT_DEADLINE: Duration = Duration::from_secs(5 * 3_600);
const DEFAULT_HEALTH_FILE: &str = "/tmp/exposured-health.json";
const DEFAULT_SETTLE_CYCLES: u32 = 2;
const DEFAULT_MAX_ARCHIVE_PERCENT: u8 = 25;

/// A deadline that is shorter leaves no time for one retry.
const SHORTEST_DEADLINE: Duration = Duration::from_secs(1);

/// At one cycle in six hours these are 25 days.
const MOST_SETTLE_CYCLES: u32 = 100;

/// Checks what the types of the raw configuration let through. What is wrong is replaced by its default, so that the
/// checking can go on; the problems keep the result from being used.
pub(super) fn check(raw: &RawConfig, file: &Arc<SourceFile>, problems: &mut Problems) -> Config {
    let mut checking = Checking { file, problems };
    Config {
        schedule: checking.schedule(&raw.schedule),
        regions: checking.regions(&raw.aws.regions),
        collect: checking.collect(raw.collect.as_ref()),
        publish: checking.publish(&raw.publish),
        metrics_namespace: checking.metrics_namespace(raw.metrics.namespace.as_ref()),
        catalog: checking.catalog(&raw.catalog.paths),
        severity: raw.severity.as_ref().map(|severity| SeverityOverride {
            file: Arc::clone(file),
            severity: severity.clone(),
        }),
        triaging: checking.triage(raw),
        file: Arc::clone(file),
    }
}

pub(super) struct Checking<'a> {
    file: &'a Arc<SourceFile>,
    problems: &'a mut Problems,
}

impl Checking<'_> {
    pub(super) fn complain<T>(&mut self, at: &Spanned<T>, message: impl Into<String>, help: &str) {
        self.problems
            .push(Problem::new(self.file, at.span(), message).help(help));
    }

    fn schedule(&mut self, raw: &RawSchedule) -> Schedule {
        let cron = raw
            .cron
            .as_ref()
            .map_or(DEFAULT_CRON, |cron| cron.get_ref());
        if let Some(at) = &raw.cron {
            // The scheduler itself decides: what is accepted here runs there.
            if Job::new(cron, |_, _| {}).is_err() {
                self.complain(
                    at,
                    format!("invalid cron expression `{cron}`"),
                    "six fields are expected: second, minute, hour, day of month, month, day of week; every six hours \
                     is \"0 0 */6 * * *\"",
                );
            }
        }
        Schedule {
            cron: cron.to_owned(),
            run_on_start: raw.run_on_start.unwrap_or(true),
            deadline: raw
                .deadline
                .as_ref()
                .map_or(DEFAULT_DEADLINE, |text| self.deadline(text)),
            health_file: self.health_file(raw.health_file.as_ref()),
        }
    }

    fn deadline(&mut self, text: &Spanned<String>) -> Duration {
        let help = "a time such as \"5h\", \"90m\" or \"4h 30m\" is expected, one second at least";
        match humantime::parse_duration(text.get_ref()) {
            Ok(deadline) if deadline >= SHORTEST_DEADLINE => return deadline,
            Ok(_) => self.complain(
                text,
                format!("{:?} is too short for a cycle", text.get_ref()),
                help,
            ),
            Err(error) => self.complain(
                text,
                format!("invalid duration `{}`: {error}", text.get_ref()),
                help,
            ),
        }
        DEFAULT_DEADLINE
    }

    fn health_file(&mut self, path: Option<&Spanned<String>>) -> PathBuf {
        if let Some(at) = path.filter(|path| path.get_ref().trim().is_empty()) {
            self.complain(
                at,
                "the file has no name",
                "leave out health_file for the default, or name a file on a file system that can be written",
            );
        }
        path.map_or(DEFAULT_HEALTH_FILE, |path| path.get_ref())
            .into()
    }

    fn regions(&mut self, raw: &[Spanned<String>]) -> Vec<Region> {
        let mut regions: Vec<Region> = Vec::new();
        for text in raw {
            match self.region(text) {
                Some(region) if regions.contains(&region) => {
                    self.complain(
                        text,
                        format!("{region} stands here twice"),
                        "name each Region once",
                    );
                }
                Some(region) => regions.push(region),
                None => {}
            }
        }
        regions
    }

    fn region(&mut self, text: &Spanned<String>) -> Option<Region> {
        match text.get_ref().parse::<Region>() {
            Ok(region) if region == Region::global() => {
                self.complain(
                    text,
                    "\"global\" is no Region that can be asked",
                    "findings about IAM are read in any Region in which AWS Config records global resources",
                );
                None
            }
            Ok(region) => Some(region),
            Err(error) => {
                self.complain(
                    text,
                    error.to_string(),
                    "the Regions are listed by `aws account list-regions`",
                );
                None
            }
        }
    }

    fn collect(&mut self, raw: Option<&Spanned<RawCollect>>) -> Collect {
        let none = RawCollect::default();
        let collect = raw.map_or(&none, Spanned::get_ref);
        let mut sources: Vec<SourceKind> = [
            (SourceKind::SecurityHub, collect.security_hub),
            (SourceKind::Inspector, collect.inspector),
            (SourceKind::Macie, collect.macie),
        ]
        .into_iter()
        .filter(|(_, on)| on.unwrap_or(true))
        .map(|(source, _)| source)
        .collect();
        if let (true, Some(at)) = (sources.is_empty(), raw) {
            self.complain(
                at,
                "every source is off: there is nothing to collect",
                "switch one of them on",
            );
        }
        let relations = self.relations(collect);
        sources.extend(relations);
        let aggregator = self.aggregator(collect, relations == Some(SourceKind::Config));
        Collect {
            sources,
            aggregator,
        }
    }

    /// Where relations come from, beside the findings.
    fn relations(&mut self, collect: &RawCollect) -> Option<SourceKind> {
        let resources = collect.resources.as_ref()?;
        match resources.get_ref().as_str() {
            "none" => None,
            "security-hub" => Some(SourceKind::SecurityHubResources),
            "config" => Some(SourceKind::Config),
            other => {
                self.complain(
                    resources,
                    format!("{other:?} is no source of relations"),
                    "\"none\", \"security-hub\" or \"config\" is expected",
                );
                None
            }
        }
    }

    /// Source: AWS Config API Reference, `SelectAggregateResourceConfig`, `ConfigurationAggregatorName`.
    fn aggregator(&mut self, collect: &RawCollect, is_asked: bool) -> Option<String> {
        let at = collect.config.aggregator.as_ref()?;
        let name = at.get_ref();
        let is_name = (1..=256).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if !is_name {
            self.complain(
                at,
                "this cannot be the name of an aggregator",
                "1 to 256 letters, digits, _ and - are expected; `aws configservice \
                 describe-configuration-aggregators` lists them",
            );
        } else if !is_asked {
            self.complain(
                at,
                "AWS Config is not asked, so its aggregator is not either",
                "set collect.resources = \"config\", or leave the aggregator out",
            );
        }
        Some(name.clone())
    }

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
            self.complain(
                at,
                format!("invalid metric namespace `{name}`"),
                "1 to 255 letters, digits, spaces, and any of . - _ / # : are expected, without a colon at the start",
            );
        } else if name.starts_with("AWS/") {
            self.complain(
                at,
                format!("the metric namespace `{name}` is reserved"),
                "namespaces that begin with AWS/ belong to AWS services; choose another name",
            );
        }
        name.clone()
    }

    fn catalog(&mut self, raw: &[Spanned<String>]) -> Vec<PathBuf> {
        for path in raw {
            if path.get_ref().trim().is_empty() {
                self.complain(
                    path,
                    "the path is empty",
                    "name a file or a folder of *.toml files",
                );
            }
        }
        raw.iter().map(|path| path.get_ref().into()).collect()
    }

    fn publish(&mut self, raw: &RawPublish) -> Publish {
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
                self.complain(
                    at,
                    "the directory has no name",
                    "leave out [publish.ocsf] to write no OCSF files",
                );
            }
            PathBuf::from(directory)
        });
        let security_hub = self.security_hub(&raw.security_hub);
        let enabled = raw.security_hub.enabled.unwrap_or(true);
        Publish {
            security_hub: enabled.then_some(security_hub),
            ocsf_directory,
            settle_cycles: self.at_most(
                raw.settle_cycles.as_ref(),
                MOST_SETTLE_CYCLES,
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
        most: T,
        default: T,
        unit: &str,
    ) -> T {
        let Some(at) = raw else { return default };
        let value = *at.get_ref();
        if value > most {
            self.complain(
                at,
                format!("{value} is too many"),
                &format!("0 to {most} {unit} are expected"),
            );
            return default;
        }
        value
    }

    fn security_hub(&mut self, raw: &RawSecurityHub) -> SecurityHub {
        let template = raw
            .member_role
            .as_ref()
            .map_or(DEFAULT_MEMBER_ROLE, |role| role.get_ref());
        if let Some(at) = &raw.member_role {
            if !template.contains("{account}") {
                self.complain(
                    at,
                    "the role is the same for every account",
                    "write {account} where the account's id goes",
                );
            }
            let example: Result<Arn, _> = template.replace("{account}", "123456789012").parse();
            let is_role = example
                .is_ok_and(|arn| arn.service() == "iam" && arn.resource().starts_with("role/"));
            if !is_role {
                self.complain(
                    at,
                    format!("{template:?} is not the ARN of a role"),
                    "something like \"arn:aws:iam::{account}:role/exposured-publish\" is expected",
                );
            }
        }
        let external_id = raw.external_id.as_ref().map_or("", |id| id.get_ref());
        if let Some(at) = raw
            .external_id
            .as_ref()
            .filter(|id| !is_external_id(id.get_ref()))
        {
            self.complain(
                at,
                "this cannot be an external id",
                "2 to 1,224 letters, digits and any of + = , . @ : / - _ are expected, or nothing",
            );
        }
        let mode = match raw.mode.unwrap_or(RawMode::Home) {
            RawMode::Home => Mode::Home,
            RawMode::Member => Mode::Member(MemberRole {
                template: template.to_owned(),
                external_id: external_id.to_owned(),
            }),
        };
        SecurityHub {
            mode,
            region: raw.region.as_ref().and_then(|region| self.region(region)),
        }
    }
}

/// Source: AWS STS API Reference, `AssumeRole`, `ExternalId`.
fn is_external_id(text: &str) -> bool {
    text.is_empty()
        || ((2..=1_224).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@:/-_".contains(&byte)))
}
