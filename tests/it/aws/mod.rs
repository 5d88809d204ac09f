//! A fake AWS: one HTTP server on 127.0.0.1 that behaves as Security Hub, Inspector, Macie, Config, Access
//! Analyzer, STS, and IAM are documented to, so that a test can run the real binary against it with `AWS_ENDPOINT_URL`.
//!
//! ```ignore
//! let aws = Aws::start();
//! aws.account(HOME).region("us-east-1")
//!     .security_hub_findings(vec![json!({"Id": "…", "ProductArn": "…"})])
//!     .disable(Service::Macie);
//! aws.fault(Operation::GetFindings, Fault::throttle().times(2));
//! Command::cargo_bin("exposured")?.envs(aws.environment()).assert().success();
//! assert_eq!(aws.imported(HOME, "us-east-1").len(), 1);
//! ```
//!
//! Routes, shapes, ranges, and errors follow botocore's API models (1.44.5). Other rules cite their source.
//! A request that is not modeled gets status 501 and fails the test when the [`Aws`] is dropped.

mod access_analyzer;
mod asff;
mod config;
mod fake_cloud;
mod fault;
mod filters;
mod http;
mod iam;
mod import;
mod inspector;
mod macie;
mod pages;
mod query;
mod resources;
mod response;
mod security_hub;
mod selftest;
mod sts;
mod wire;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use serde_json::Value;
use tokio::runtime::Runtime;

use fake_cloud::{FakeCloud, ImportFailure, ImportFailureKind, RegionState, Role};
pub use fake_cloud::{Operation, Request, Service};
pub use fault::Fault;

/// The account of the credentials in [`Aws::environment`].
pub const HOME: &str = "111122223333";

/// The running server and its state. Dropping it stops the server.
pub struct Aws {
    address: SocketAddr,
    runtime: Option<Runtime>,
    cloud: Arc<Mutex<FakeCloud>>,
}

impl Aws {
    /// Starts an empty cloud: no service is enabled anywhere until a test names an account and a Region with [`Aws::account`].
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("aws")
            .enable_all()
            .build()
            .expect("a runtime for the AWS test server");
        let cloud = Arc::new(Mutex::new(FakeCloud::default()));
        let address = http::serve(&runtime, Arc::clone(&cloud));
        Self {
            address,
            runtime: Some(runtime),
            cloud,
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The environment in which the program under test calls this server, and nothing else.
    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.endpoint().as_str()),
            ("AWS_ACCESS_KEY_ID", &fake_cloud::long_term_key(HOME)),
            ("AWS_SECRET_ACCESS_KEY", "not-a-secret"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("NO_PROXY", "127.0.0.1"),
            ("no_proxy", "127.0.0.1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// An account of the cloud; see [`Account::region`].
    pub fn account<'a>(&'a self, id: &'a str) -> Account<'a> {
        Account { aws: self, id }
    }

    /// Creates a role that any caller may assume. Other roles do not exist: `AccessDenied`.
    pub fn role(&self, arn: &str) {
        self.cloud().roles.insert(arn.to_owned(), Role::default());
    }

    /// Creates a role that requires an external ID.
    pub fn role_with_external_id(&self, arn: &str, external_id: &str) {
        let role = Role {
            external_id: Some(external_id.to_owned()),
        };
        self.cloud().roles.insert(arn.to_owned(), role);
    }

    /// Makes an account the Security Hub administrator of another, so that it sees what is imported there.
    pub fn administers(&self, administrator: &str, member: &str) {
        self.cloud()
            .administrators
            .insert(member.to_owned(), administrator.to_owned());
    }

    /// Removes every fault that has not happened yet.
    pub fn clear_faults(&self) {
        let mut cloud = self.cloud();
        cloud.faults.clear();
        cloud.import_failures.clear();
    }

    /// Makes the next requests of an operation fail; see [`Fault`]. Of several faults, the first that applies is used.
    pub fn fault(&self, operation: Operation, fault: Fault) {
        self.cloud().faults.push((operation, fault));
    }

    /// Makes `BatchImportFindings` refuse the next `times` findings that contain a text, with a row in `FailedFindings`.
    pub fn fail_import(&self, text: &str, code: &str, message: &str, times: usize) {
        let kind = ImportFailureKind::Refused {
            code: code.to_owned(),
            message: message.to_owned(),
        };
        self.add_import_failure(text, kind, times);
    }

    /// Makes `BatchImportFindings` refuse the next `times` findings that contain a text, without a row in
    /// `FailedFindings`.
    pub fn fail_import_unnamed(&self, text: &str, times: usize) {
        self.add_import_failure(text, ImportFailureKind::Unnamed, times);
    }

    /// Makes `BatchImportFindings` ignore the next `times` findings that contain a text: they are in no count.
    pub fn lose_import(&self, text: &str, times: usize) {
        self.add_import_failure(text, ImportFailureKind::Lost, times);
    }

    /// Makes `BatchImportFindings` reject every call with a finding that contains a text.
    pub fn reject_import(&self, text: &str) {
        self.add_import_failure(text, ImportFailureKind::CallRejected, usize::MAX);
    }

    fn add_import_failure(&self, text: &str, kind: ImportFailureKind, times: usize) {
        self.cloud().import_failures.push(ImportFailure {
            text: text.to_owned(),
            kind,
            times,
        });
    }

    /// Makes reads lag behind imports: the next `reads` listings that would show a finding do not show its last import. With
    /// 0, reads show everything again.
    pub fn lag_behind_imports(&self, reads: usize) {
        let mut cloud = self.cloud();
        cloud.lag = reads;
        let targets = cloud.targets.values_mut();
        for stored in targets.flat_map(|target| target.security_hub.iter_mut()) {
            if reads == 0 {
                stored.behind = None;
            }
        }
    }

    /// Enforces the documented request rates per account, Region, and operation; off by default.
    pub fn rate_limits(&self, enforced: bool) {
        self.cloud().rate_limits = enforced;
    }

    /// Makes every `NextToken` so far invalid, as happens to a caller that is too slow between two pages.
    pub fn expire_tokens(&self) {
        self.cloud().pages.clear();
    }

    /// Every request with valid credentials, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.cloud().log.clone()
    }

    /// The requests of one operation.
    pub fn requests_to(&self, operation: Operation) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.operation == operation);
        requests
    }

    /// The findings of a hub that an import created or changed, as stored.
    pub fn imported(&self, account: &str, region: &str) -> Vec<Value> {
        let cloud = self.cloud();
        let stored = cloud
            .target(account, region)
            .map(|target| target.security_hub.iter());
        stored
            .into_iter()
            .flatten()
            .filter(|finding| finding.imported)
            .map(|finding| finding.json.clone())
            .collect()
    }

    /// All the findings of a hub, as stored.
    pub fn hub(&self, account: &str, region: &str) -> Vec<Value> {
        let cloud = self.cloud();
        let stored = cloud
            .target(account, region)
            .map(|target| target.security_hub.iter());
        stored
            .into_iter()
            .flatten()
            .map(|finding| finding.json.clone())
            .collect()
    }

    /// The requests that are not modeled. Taking the list keeps the drop from failing the test.
    pub fn take_unmodeled(&self) -> Vec<String> {
        std::mem::take(&mut self.cloud().unmodeled)
    }

    fn cloud(&self) -> MutexGuard<'_, FakeCloud> {
        self.cloud.lock().expect("no handler panicked")
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        if !std::thread::panicking() {
            let unmodeled = self.take_unmodeled();
            assert!(
                unmodeled.is_empty(),
                "the AWS test server does not model: {unmodeled:#?}"
            );
        }
    }
}

/// An account of the cloud.
pub struct Account<'a> {
    aws: &'a Aws,
    id: &'a str,
}

impl<'a> Account<'a> {
    /// What IAM's `GetAccountAuthorizationDetails` lists, with the policy documents as JSON.
    pub fn authorization_details(self, details: &Value) -> Self {
        let entries = iam::entries(details);
        self.aws
            .cloud()
            .identities
            .insert(self.id.to_owned(), entries);
        self
    }

    /// A Region of this account. Naming it enables Security Hub, Inspector, and Macie there.
    pub fn region(self, region: &'a str) -> RegionHandle<'a> {
        let place = RegionHandle {
            aws: self.aws,
            account: self.id,
            region,
        };
        place.change(|_| ());
        place
    }
}

/// One account in one Region. Findings are added, or replace those with the same ID.
#[derive(Clone, Copy)]
pub struct RegionHandle<'a> {
    aws: &'a Aws,
    account: &'a str,
    region: &'a str,
}

impl RegionHandle<'_> {
    /// Findings in ASFF as `GetFindings` returns them, stored as given.
    pub fn security_hub_findings(self, findings: Vec<Value>) -> Self {
        self.change(|target| target.security_hub.put_all(findings, fake_cloud::asff_key))
    }

    /// Findings as Inspector's `ListFindings` returns them: its timestamps are epoch seconds, not strings.
    pub fn inspector_findings(self, findings: Vec<Value>) -> Self {
        self.change(|target| {
            target
                .inspector
                .put_all(findings, |finding| fake_cloud::text(finding, "findingArn"))
        })
    }

    /// Findings as Access Analyzer's `ListFindings` returns them. With the first one, the Region has an analyzer.
    pub fn access_analyzer_findings(self, findings: Vec<Value>) -> Self {
        self.change(|target| {
            target
                .access_analyzer
                .put_all(findings, |finding| fake_cloud::text(finding, "id"))
        })
    }

    /// Findings as Macie's `GetFindings` returns them.
    pub fn macie_findings(self, findings: Vec<Value>) -> Self {
        self.change(|target| {
            target
                .macie
                .put_all(findings, |finding| fake_cloud::text(finding, "id"))
        })
    }

    /// Makes Macie's `GetFindings` omit a finding that `ListFindings` lists, as if it were deleted in between.
    pub fn withhold_macie_finding(self, id: &str) -> Self {
        self.change(|target| {
            target.macie_withheld.insert(id.to_owned());
        })
    }

    /// Resources as Security Hub's `GetResourcesV2` returns them.
    pub fn resources(self, resources: Vec<Value>) -> Self {
        self.change(|target| {
            target.resources.put_all(resources, |resource| {
                fake_cloud::text(resource, "ResourceId")
            })
        })
    }

    /// Configuration items as AWS Config recorded them in this Region.
    pub fn config_items(self, items: Vec<Value>) -> Self {
        self.change(|target| target.config_items.put_all(items, fake_cloud::config_key))
    }

    /// Removes the configuration of every resource, from Security Hub's inventory and from AWS Config.
    pub fn forget_configuration(self) -> Self {
        self.change(|target| {
            target.resources.remove(|_| true);
            target.config_items.remove(|_| true);
        })
    }

    /// An aggregator in this Region, and its items, from all of its accounts and Regions.
    pub fn aggregator(self, name: &str, items: Vec<Value>) -> Self {
        self.change(|target| {
            target
                .aggregators
                .entry(name.to_owned())
                .or_default()
                .put_all(items, fake_cloud::config_key)
        })
    }

    /// Turns a service off.
    pub fn disable(self, service: Service) -> Self {
        self.change(|target| {
            target.disabled.insert(service);
        })
    }

    /// Turns a service on again.
    pub fn enable(self, service: Service) -> Self {
        self.change(|target| {
            target.disabled.remove(&service);
        })
    }

    /// Denies an IAM action, such as `securityhub:GetFindings`, to every caller.
    pub fn deny(self, action: &str) -> Self {
        self.change(|target| {
            target.denied.insert(action.to_owned());
        })
    }

    /// Reverts [`RegionHandle::deny`].
    pub fn allow(self, action: &str) -> Self {
        self.change(|target| {
            target.denied.remove(action);
        })
    }

    /// Changes a finding in Security Hub as a user does with `BatchUpdateFindings`. An import no longer changes the user's
    /// values of Severity, Types, Confidence, Criticality, and RelatedFindings.
    pub fn user_edits(self, id: &str, edit: impl FnOnce(&mut Value)) -> Self {
        self.change(|target| {
            let finding = target
                .security_hub
                .iter_mut()
                .find(|finding| finding.json["Id"] == id);
            finding
                .unwrap_or_else(|| panic!("no finding {id} in this hub"))
                .edit(edit);
        })
    }

    /// Removes a finding by its `Id`, `findingArn`, or `id`, as retention does.
    pub fn remove_finding(self, id: &str) -> Self {
        self.change(|target| {
            target.security_hub.remove(|finding| finding["Id"] == id);
            target
                .inspector
                .remove(|finding| finding["findingArn"] == id);
            target.macie.remove(|finding| finding["id"] == id);
        })
    }

    fn change(self, change: impl FnOnce(&mut RegionState)) -> Self {
        let target = (self.account.to_owned(), self.region.to_owned());
        change(self.aws.cloud().targets.entry(target).or_default());
        self
    }
}
