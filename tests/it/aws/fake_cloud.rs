//! The state of the server: accounts, Regions, findings, roles, and the requests that it received.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Instant,
};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{fault::Fault, pages::Pages};

/// A service of AWS, which the credential scope of the signature names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    SecurityHub,
    Inspector,
    Macie,
    AccessAnalyzer,
    Config,
    /// Security Hub itself, which signs as CSPM does but is enabled on its own (`EnableSecurityHubV2`).
    SecurityHubV2,
    Sts,
    Iam,
}

impl Service {
    /// The service by its signing name.
    pub(super) fn signed_as(name: &str) -> Option<Self> {
        Some(match name {
            "securityhub" => Self::SecurityHub,
            "inspector2" => Self::Inspector,
            "macie2" => Self::Macie,
            "access-analyzer" => Self::AccessAnalyzer,
            "config" => Self::Config,
            "sts" => Self::Sts,
            "iam" => Self::Iam,
            _ => return None,
        })
    }

    /// Whether the service takes a form and responds in XML.
    pub(super) fn speaks_query(self) -> bool {
        matches!(self, Self::Sts | Self::Iam)
    }
}

/// An operation that the server models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Security Hub `GetFindings`.
    GetFindings,
    /// Security Hub `BatchImportFindings`.
    BatchImportFindings,
    /// Security Hub `GetResourcesV2`.
    GetResourcesV2,
    /// Config `SelectResourceConfig`.
    SelectResourceConfig,
    /// Config `SelectAggregateResourceConfig`.
    SelectAggregateResourceConfig,
    /// Inspector2 `ListFindings`.
    InspectorListFindings,
    /// Macie2 `ListFindings`: IDs only.
    MacieListFindings,
    /// Macie2 `GetFindings`.
    MacieGetFindings,
    /// Access Analyzer `ListAnalyzers`.
    ListAnalyzers,
    /// Access Analyzer `ListFindingsV2`.
    AnalyzerListFindings,
    /// STS `GetCallerIdentity`.
    GetCallerIdentity,
    /// STS `AssumeRole`.
    AssumeRole,
    /// IAM `GetAccountAuthorizationDetails`.
    GetAccountAuthorizationDetails,
}

impl Operation {
    /// The service of the operation.
    pub fn service(self) -> Service {
        match self {
            Self::GetFindings | Self::BatchImportFindings => Service::SecurityHub,
            Self::GetResourcesV2 => Service::SecurityHubV2,
            Self::SelectResourceConfig | Self::SelectAggregateResourceConfig => Service::Config,
            Self::InspectorListFindings => Service::Inspector,
            Self::MacieListFindings | Self::MacieGetFindings => Service::Macie,
            Self::ListAnalyzers | Self::AnalyzerListFindings => Service::AccessAnalyzer,
            Self::GetCallerIdentity | Self::AssumeRole => Service::Sts,
            Self::GetAccountAuthorizationDetails => Service::Iam,
        }
    }

    /// The IAM action that allows the operation.
    pub fn action(self) -> &'static str {
        match self {
            Self::GetFindings => "securityhub:GetFindings",
            Self::BatchImportFindings => "securityhub:BatchImportFindings",
            Self::GetResourcesV2 => "securityhub:GetResourcesV2",
            Self::SelectResourceConfig => "config:SelectResourceConfig",
            Self::SelectAggregateResourceConfig => "config:SelectAggregateResourceConfig",
            Self::InspectorListFindings => "inspector2:ListFindings",
            Self::MacieListFindings => "macie2:ListFindings",
            Self::MacieGetFindings => "macie2:GetFindings",
            Self::ListAnalyzers => "access-analyzer:ListAnalyzers",
            Self::AnalyzerListFindings => "access-analyzer:ListFindings",
            Self::GetCallerIdentity => "sts:GetCallerIdentity",
            Self::AssumeRole => "sts:AssumeRole",
            Self::GetAccountAuthorizationDetails => "iam:GetAccountAuthorizationDetails",
        }
    }

    /// Requests per second and burst, if AWS documents them (Security Hub's are in its API reference;
    /// Inspector's and Macie's rates are not published).
    pub fn rate_limit(self) -> Option<(f64, f64)> {
        match self {
            Self::GetFindings => Some((3.0, 6.0)),
            // "All other operations" of Security Hub have the import's rate (API reference, Throttling).
            Self::BatchImportFindings | Self::GetResourcesV2 => Some((10.0, 30.0)),
            _ => None,
        }
    }
}

/// A request that the server received with valid credentials.
#[derive(Clone, Debug)]
pub struct Request {
    pub service: Service,
    pub operation: Operation,
    pub account: String,
    pub region: String,
    /// The ARN of the caller: a user of the home account, or an assumed role with its session name.
    pub caller: String,
    /// The JSON body; for STS the form fields as an object.
    pub body: Value,
    /// When it arrived.
    pub at: Instant,
    /// The HTTP status of the response; 0 while there is none.
    pub status: u16,
}

#[derive(Default)]
pub(super) struct FakeCloud {
    pub targets: BTreeMap<(String, String), RegionState>,
    pub roles: HashMap<String, Role>,
    /// What IAM lists of each account: the list and the entry. IAM is global.
    pub identities: HashMap<String, Vec<(&'static str, Value)>>,
    /// The administrator account of each member account.
    pub administrators: HashMap<String, String>,
    pub sessions: HashMap<String, Session>,
    pub faults: Vec<(Operation, Fault)>,
    pub import_failures: Vec<ImportFailure>,
    /// How many reads of a finding do not show an import yet.
    pub lag: usize,
    pub rate_limits: bool,
    pub buckets: BTreeMap<(String, String, Operation), Bucket>,
    pub pages: Pages,
    pub log: Vec<Request>,
    pub unmodeled: Vec<String>,
}

impl FakeCloud {
    pub fn target(&self, account: &str, region: &str) -> Option<&RegionState> {
        self.targets.get(&(account.to_owned(), region.to_owned()))
    }

    pub fn target_mut(&mut self, account: &str, region: &str) -> Option<&mut RegionState> {
        self.targets
            .get_mut(&(account.to_owned(), region.to_owned()))
    }

    /// In a Region that no test has named, nothing is enabled, as in a new account.
    pub fn enabled(&self, account: &str, region: &str, service: Service) -> bool {
        self.target(account, region)
            .is_some_and(|target| !target.disabled.contains(&service))
    }
}

/// One account in one Region.
#[derive(Default)]
pub(super) struct RegionState {
    pub security_hub: FindingStore,
    pub inspector: FindingStore,
    pub macie: FindingStore,
    /// Findings that Macie lists, but does not return.
    pub macie_withheld: BTreeSet<String>,
    pub access_analyzer: FindingStore,
    /// As `GetResourcesV2` returns them.
    pub resources: FindingStore,
    /// Configuration items that AWS Config recorded here.
    pub config_items: FindingStore,
    /// The aggregators, each with its items.
    pub aggregators: BTreeMap<String, FindingStore>,
    pub disabled: BTreeSet<Service>,
    pub denied: BTreeSet<String>,
}

/// The findings of one service in one Region, in the order of their arrival.
#[derive(Default)]
pub(super) struct FindingStore {
    next: u64,
    serials: HashMap<String, u64>,
    findings: BTreeMap<u64, Stored>,
}

impl FindingStore {
    pub fn iter(&self) -> impl Iterator<Item = &Stored> {
        self.findings.values()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stored> {
        self.findings.values_mut()
    }

    pub fn numbered(&self) -> impl Iterator<Item = (u64, &Value)> {
        self.findings
            .iter()
            .filter_map(|(serial, finding)| Some((*serial, finding.shown()?)))
    }

    pub fn by_serial(&self, serial: u64) -> Option<&Value> {
        self.findings.get(&serial)?.shown()
    }

    pub fn get(&self, key: &str) -> Option<&Stored> {
        self.serials
            .get(key)
            .and_then(|serial| self.findings.get(serial))
    }

    pub fn put(&mut self, key: String, finding: Stored) {
        let next = &mut self.next;
        let serial = *self.serials.entry(key).or_insert_with(|| {
            *next += 1;
            *next
        });
        self.findings.insert(serial, finding);
    }

    pub fn put_all(&mut self, findings: Vec<Value>, key: impl Fn(&Value) -> String) {
        for json in findings {
            self.put(
                key(&json),
                Stored {
                    json,
                    ..Stored::default()
                },
            );
        }
    }

    pub fn remove(&mut self, gone: impl Fn(&Value) -> bool) {
        self.findings.retain(|_, finding| !gone(&finding.json));
        self.serials
            .retain(|_, serial| self.findings.contains_key(serial));
    }
}

#[derive(Clone, Default)]
pub(super) struct Stored {
    pub json: Value,
    /// Whether an import created or changed it.
    pub imported: bool,
    /// Fields that a user has changed, so that an import does not change them.
    pub users: BTreeSet<&'static str>,
    /// What reads show instead, if the last import does not show yet.
    pub behind: Option<Behind>,
}

/// What reads show of a finding before they show its last import.
#[derive(Clone)]
pub(super) struct Behind {
    /// The finding before the import; `None` if it did not exist.
    pub shown: Option<Value>,
    /// The number of reads that show it.
    pub reads: usize,
}

/// Fields that a provider may change only until a user has (user guide, `finding-update-batchimportfindings`).
pub(super) const SHARED_FIELDS: [&str; 5] = [
    "Confidence",
    "Criticality",
    "RelatedFindings",
    "Severity",
    "Types",
];

impl Stored {
    /// The finding as a read shows it.
    pub fn shown(&self) -> Option<&Value> {
        match &self.behind {
            Some(behind) => behind.shown.as_ref(),
            None => Some(&self.json),
        }
    }

    /// Counts a read.
    pub fn catch_up(&mut self) {
        match &mut self.behind {
            Some(behind) if behind.reads > 0 => behind.reads -= 1,
            _ => self.behind = None,
        }
    }

    pub fn edit(&mut self, edit: impl FnOnce(&mut Value)) {
        let before = self.json.clone();
        edit(&mut self.json);
        self.users.extend(
            SHARED_FIELDS
                .iter()
                .filter(|field| before[**field] != self.json[**field]),
        );
    }
}

/// Security Hub decides by product and `Id` whether a finding is new.
pub(super) fn asff_key(finding: &Value) -> String {
    format!("{}\n{}", text(finding, "ProductArn"), text(finding, "Id"))
}

/// A text field that the findings of tests must have.
pub(super) fn text(json: &Value, field: &str) -> String {
    json[field]
        .as_str()
        .unwrap_or_else(|| panic!("a finding needs {field}: {json}"))
        .to_owned()
}

#[derive(Default)]
pub(super) struct Role {
    pub external_id: Option<String>,
}

/// The identity of temporary credentials.
pub(super) struct Session {
    pub account: String,
    pub arn: String,
    pub token: String,
    pub expires: DateTime<Utc>,
    /// What the session may do, at most; everything that its role may do, if there is none.
    pub policy: Option<Value>,
}

/// What happens to findings that are imported.
pub(super) struct ImportFailure {
    /// A text within the finding.
    pub text: String,
    pub kind: ImportFailureKind,
    pub times: usize,
}

#[derive(Clone)]
pub(super) enum ImportFailureKind {
    /// The finding is refused, with a row in `FailedFindings`.
    Refused { code: String, message: String },
    /// The finding is refused and counted, without a row.
    Unnamed,
    /// The finding is not stored, and no count includes it.
    Lost,
    /// The whole call is rejected.
    CallRejected,
}

/// A token bucket: `rate` tokens per second, at most `burst`.
pub(super) struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    pub fn full(burst: f64, now: Instant) -> Self {
        Self {
            tokens: burst,
            at: now,
        }
    }

    pub fn take(&mut self, (rate, burst): (f64, f64), now: Instant) -> bool {
        self.tokens = (self.tokens + rate * now.duration_since(self.at).as_secs_f64()).min(burst);
        self.at = now;
        let allowed = self.tokens >= 1.0;
        if allowed {
            self.tokens -= 1.0;
        }
        allowed
    }
}

/// The long-term access key of an account: it contains the account, as in AWS.
pub(super) fn long_term_key(account: &str) -> String {
    format!("AKIA{account}TEST")
}

/// The account of a long-term access key.
pub(super) fn account_of_long_term_key(key: &str) -> Option<&str> {
    let account = key.strip_prefix("AKIA")?.strip_suffix("TEST")?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}

/// The partition that a Region lies in.
pub(super) fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// The product under which an account imports its own findings.
pub(super) fn default_product(account: &str, region: &str) -> String {
    format!(
        "arn:{}:securityhub:{region}:{account}:product/{account}/default",
        partition(region)
    )
}

/// The key of a configuration item.
pub(super) fn config_key(item: &Value) -> String {
    ["resourceType", "resourceId", "accountId", "awsRegion"]
        .map(|name| text(item, name))
        .join(" ")
}
