//! One configured way to AWS: who we are, and clients for each Region.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::sts::AssumeRoleProvider;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::model::{AccountId, Partition, Region, clean};

use super::call_budget::retry_bad_answers;
use super::call_error::{CallError, Failure, classify};
use super::limit::{CallRate, Limiter};
use super::meter::{CallCount, CallMeter};
use super::unreachable::GiveUpOnUnreachable;

/// With the SDK's backoff (1, 2, 4, 8, 16, then 20 seconds, each shortened at random) these last 165 seconds on
/// average, and outlast a minute of throttling whatever the dice say. The SDK's own 3 attempts last 2 seconds.
const ATTEMPTS: u32 = 20;

/// What the SDK does by itself; anything else was set by the user and stands.
const SDK_ATTEMPTS: u32 = 3;

/// A Region that is not enabled for the account does not refuse connections, it swallows them.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A page of findings takes a second or two. A connection on which nothing comes any more must not hold up the cycle.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// The configured SDK, and the identity that it has.
#[derive(Clone, Debug)]
pub struct Session {
    config: SdkConfig,
    /// The account of the credentials.
    pub account: AccountId,
    /// The partition of the first Region.
    pub partition: Partition,
    /// Where findings are read, in the configured order; at least one.
    pub regions: Vec<Region>,
    /// What an API allows is shared by all who call it.
    limiters: Limiters,
    meter: CallMeter,
    /// Whether the user has sized the retries.
    retries: Retries,
}

/// Who has sized the retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Retries {
    /// The environment or the profile.
    User,
    /// This file.
    Own,
}

/// What all clients have in common beyond the session's configuration: when to give up, what is counted, and, unless
/// the user has sized the retries, no quota of them: the SDK's, which all calls of a process share, is used up by a
/// dozen queries in a minute of throttling.
macro_rules! client_config {
    ($service:ident, $session:expr, $region:expr) => {{
        let config = $service::config::Builder::from(&$session.config)
            .region(sdk_region($region))
            .retry_classifier(GiveUpOnUnreachable::default())
            .interceptor($session.meter.clone());
        match $session.retries {
            Retries::User => config,
            Retries::Own => config.retry_partition(without_quota()),
        }
    }};
}

/// One limiter for each API of each account in each Region.
type Limiters = Arc<Mutex<HashMap<(AccountId, Region, CallRate), Arc<Limiter>>>>;

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Neither the configuration nor the environment names a Region.
    #[error("no Region is known: set aws.regions in the configuration, or AWS_REGION")]
    NoRegion,
    /// The environment names something that is no Region.
    #[error("the environment's Region: {0}")]
    BadRegion(#[from] crate::model::ParseRegionError),
    /// `GetCallerIdentity` failed.
    #[error("asking AWS STS who we are (sts:GetCallerIdentity): {0}\n  {remedy}", remedy = .0.remedy())]
    Identity(CallError),
}

impl Session {
    /// Reads the SDK's environment and asks STS who we are.
    ///
    /// # Errors
    /// No Region, no credentials, or STS does not answer.
    pub async fn open(configured: &[Region]) -> Result<Self, SessionError> {
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(READ_TIMEOUT)
                .build(),
        );
        if let Ok(name) = AppName::new("exposured") {
            loader = loader.app_name(name);
        }
        if let Some(first) = configured.first() {
            loader = loader.region(aws_config::Region::new(first.as_str().to_owned()));
        }
        let config = loader.load().await;
        let regions = match (configured, config.region()) {
            ([], None) => return Err(SessionError::NoRegion),
            ([], Some(region)) => vec![region.as_ref().parse()?],
            (configured, _) => configured.to_vec(),
        };
        let (config, retries) = with_retries(config);
        let meter = CallMeter::default();
        let account = identity(&config, &meter).await?;
        let partition = regions
            .first()
            .map(Partition::of_region)
            .unwrap_or_default();
        Ok(Self {
            config,
            account,
            partition,
            regions,
            limiters: Arc::default(),
            meter,
            retries,
        })
    }

    /// How many calls were made so far.
    pub fn calls(&self) -> CallCount {
        self.meter.count()
    }

    /// Where this account's own things are done: the first Region.
    pub fn home(&self) -> &Region {
        // `open` makes no session without a Region.
        &self.regions[0]
    }

    /// The limiter of an API of one account in one Region; every caller gets the same.
    pub fn limiter(&self, account: AccountId, region: &Region, rate: CallRate) -> Arc<Limiter> {
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        let limiter = limiters
            .entry((account, region.clone(), rate))
            .or_insert_with(|| Arc::new(Limiter::new(rate)));
        Arc::clone(limiter)
    }

    /// A client for Security Hub.
    pub fn security_hub(&self, region: &Region) -> aws_sdk_securityhub::Client {
        let config = client_config!(aws_sdk_securityhub, self, region);
        aws_sdk_securityhub::Client::from_conf(config.build())
    }

    /// A client for Security Hub as a role in another account. The role's credentials last an hour, the most that role
    /// chaining allows; the SDK renews them.
    pub async fn security_hub_as(
        &self,
        region: &Region,
        role: &str,
        external_id: &str,
    ) -> aws_sdk_securityhub::Client {
        let mut provider = AssumeRoleProvider::builder(role)
            .configure(&self.config)
            .region(sdk_region(self.home()))
            .session_name("exposured")
            .session_length(Duration::from_secs(3_600));
        if !external_id.is_empty() {
            provider = provider.external_id(external_id);
        }
        let config = client_config!(aws_sdk_securityhub, self, region)
            .credentials_provider(provider.build().await);
        aws_sdk_securityhub::Client::from_conf(config.build())
    }

    /// A client for Inspector.
    pub fn inspector(&self, region: &Region) -> aws_sdk_inspector2::Client {
        let config = client_config!(aws_sdk_inspector2, self, region);
        aws_sdk_inspector2::Client::from_conf(config.build())
    }

    /// A client for AWS Config.
    pub fn config(&self, region: &Region) -> aws_sdk_config::Client {
        let config = aws_sdk_config::config::Builder::from(&self.config)
            .region(sdk_region(region))
            .retry_classifier(GiveUpOnUnreachable::default());
        aws_sdk_config::Client::from_conf(config.build())
    }

    /// A client for Macie.
    pub fn macie(&self, region: &Region) -> aws_sdk_macie2::Client {
        let config = client_config!(aws_sdk_macie2, self, region);
        aws_sdk_macie2::Client::from_conf(config.build())
    }
}

fn sdk_region(region: &Region) -> aws_config::Region {
    aws_config::Region::new(region.as_str().to_owned())
}

fn without_quota() -> RetryPartition {
    RetryPartition::custom("exposured")
        .token_bucket(TokenBucket::unlimited())
        .build()
}

/// Sizes the retries for throttling, unless the environment or the profile did.
fn with_retries(config: SdkConfig) -> (SdkConfig, Retries) {
    let set_by_user = config
        .retry_config()
        .is_some_and(|retries| retries.max_attempts() != SDK_ATTEMPTS)
        || std::env::var_os("AWS_MAX_ATTEMPTS").is_some();
    if set_by_user {
        return (config, Retries::User);
    }
    let retries = config
        .retry_config()
        .cloned()
        .unwrap_or_else(RetryConfig::standard)
        .with_max_attempts(ATTEMPTS);
    let config = config.into_builder().retry_config(retries).build();
    (config, Retries::Own)
}

async fn identity(config: &SdkConfig, meter: &CallMeter) -> Result<AccountId, SessionError> {
    let client = aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::config::Builder::from(config)
            .retry_classifier(GiveUpOnUnreachable::default())
            .interceptor(meter.clone())
            .build(),
    );
    // Of an answer that breaks off the SDK reads what is there: then it names no account.
    let call = || async {
        let answer = client.get_caller_identity().send().await;
        let identity = answer.map_err(|error| classify(&error, "sts:GetCallerIdentity"))?;
        let account = identity.account().unwrap_or_default();
        account.parse().map_err(|_| CallError {
            failure: Failure::BadAnswer,
            message: format!("the answer names no account: {:?}", clean(account)),
        })
    };
    retry_bad_answers(call)
        .await
        .map_err(SessionError::Identity)
}
