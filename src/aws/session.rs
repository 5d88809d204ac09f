//! The configured SDK: the caller's identity, and clients for each Region.

#![expect(
    clippy::disallowed_methods,
    reason = "the environment can set the number of attempts"
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::identity::IdentityCache;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::model::{AccountId, CallCount, Partition, Region, clean};

use super::call_budget::retry_malformed_responses;
use super::call_error::{CallError, Failure, classify};
use super::call_rate::{CallRate, Limiter};
use super::endpoint::NameEndpoint;
use super::member_role::{MemberCredentials, MemberRole};
use super::meter::CallMeter;
use super::unreachable::GiveUpOnUnreachable;

/// With the SDK's backoff (1, 2, 4, 8, 16, then 20 seconds, each shortened at random), these attempts take 165 seconds on
/// average, and outlast a minute of throttling even with worst-case jitter. The SDK's own 3 attempts take 2 seconds.
const ATTEMPTS: u32 = 20;

/// The number of accounts whose credentials are kept. By default, the SDK keeps those of 64, and would assume the roles of a
/// larger organization again and again.
const MAX_IDENTITIES: usize = 100_000;

/// The SDK's default. Any other number was set by the user and is kept.
const SDK_ATTEMPTS: u32 = 3;

/// A Region that is not enabled for the account does not refuse connections; packets to it are dropped.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A page of findings takes one or two seconds. A connection that has gone silent must not hold up the cycle.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// The SDK's configuration, and the identity of its credentials.
#[derive(Clone, Debug)]
pub struct Session {
    config: SdkConfig,
    /// The account of the credentials.
    pub account: AccountId,
    /// The partition of the home Region.
    pub partition: Partition,
    /// The Regions to read, in the configured order, at least one.
    pub regions: Vec<Region>,
    home: Region,
    limiters: Limiters,
    members: MemberProviders,
    meter: CallMeter,
    retries: Retries,
}

/// Who has set the number of attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Retries {
    /// The environment or the profile.
    User,
    /// [`ATTEMPTS`].
    Default,
}

/// One limiter per API, account, and Region, shared by all callers.
type Limiters = Arc<Mutex<HashMap<(AccountId, Region, CallRate), Arc<Limiter>>>>;

/// One provider per role and what its session may do, shared by all clients in its account. The SDK calls it once, and again
/// before its credentials expire.
type MemberProviders = Arc<Mutex<HashMap<(String, Vec<&'static str>), SharedCredentialsProvider>>>;

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Neither the configuration nor the environment names a Region.
    #[error("no Region is known: set aws.regions in the configuration, or AWS_REGION")]
    NoRegion,
    /// The environment names something that is not a Region.
    #[error("the environment's Region: {0}")]
    BadRegion(#[from] crate::model::ParseRegionError),
    /// `GetCallerIdentity` failed.
    #[error("asking AWS STS for the caller's identity (sts:GetCallerIdentity): {0}\n  {remedy}", remedy = .0.remedy())]
    Identity(CallError),
}

/// The configuration builder of an SDK crate's client in one Region, with what all clients share: when to give up, the
/// count of calls, and retries.
///
/// Unless the user has set the number of attempts, retries have no quota. The SDK's quota is shared by all calls of a
/// process, and a dozen queries use it up in a minute of throttling.
macro_rules! client_config {
    ($sdk:ident, $session:expr, $region:expr) => {{
        let session: &$crate::aws::Session = $session;
        let config = $sdk::config::Builder::from(session.sdk_config())
            .region($crate::aws::sdk_region($region))
            .retry_classifier($crate::aws::GiveUpOnUnreachable::default())
            .interceptor(session.call_meter())
            .interceptor($crate::aws::NameEndpoint);
        match session.retry_partition() {
            Some(partition) => config.retry_partition(partition),
            None => config,
        }
    }};
}

/// A client of an SDK crate in one Region: `sdk_client!(aws_sdk_inspector2, session, region)`.
macro_rules! sdk_client {
    ($sdk:ident, $session:expr, $region:expr) => {
        $sdk::Client::from_conf($crate::aws::client_config!($sdk, $session, $region).build())
    };
}

pub(crate) use {client_config, sdk_client};

impl Session {
    /// Reads the SDK's environment, and asks STS for the caller's identity.
    ///
    /// # Errors
    /// There is no Region, there are no credentials, or STS does not respond.
    pub async fn open(configured: &[Region]) -> Result<Self, SessionError> {
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(READ_TIMEOUT)
                .build(),
        );
        let identities = IdentityCache::lazy().max_partitions(MAX_IDENTITIES).build();
        loader = loader.identity_cache(identities);
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
        let home = regions.first().ok_or(SessionError::NoRegion)?.clone();
        let (config, retries) = with_retries(config);
        let meter = CallMeter::default();
        let account = identity(&config, &meter).await?;
        Ok(Self {
            config,
            account,
            partition: Partition::of_region(&home),
            regions,
            home,
            limiters: Arc::default(),
            members: Arc::default(),
            meter,
            retries,
        })
    }

    /// Returns how many calls were made so far.
    pub fn calls(&self) -> CallCount {
        self.meter.count()
    }

    /// Returns the home Region: the first one, where calls that concern the whole account are made.
    pub fn home(&self) -> &Region {
        &self.home
    }

    /// Returns the limiter of an API of one account in one Region. Every caller gets the same limiter.
    pub fn limiter(&self, account: AccountId, region: &Region, rate: CallRate) -> Arc<Limiter> {
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        let limiter = limiters
            .entry((account, region.clone(), rate))
            .or_insert_with(|| Arc::new(Limiter::new(rate)));
        Arc::clone(limiter)
    }

    /// Returns a client for Security Hub.
    pub fn security_hub(&self, region: &Region) -> aws_sdk_securityhub::Client {
        sdk_client!(aws_sdk_securityhub, self, region)
    }

    /// Returns a client for Security Hub in one Region that assumes a role in another account.
    pub fn security_hub_as(
        &self,
        role: MemberRole,
        region: &Region,
    ) -> aws_sdk_securityhub::Client {
        let mut config = client_config!(aws_sdk_securityhub, self, region);
        // The other setter would wrap the provider in a new one, for which the SDK keeps credentials of its own.
        config.set_credentials_provider(Some(self.member_credentials(role)));
        aws_sdk_securityhub::Client::from_conf(config.build())
    }

    /// Returns the credentials of a role. All callers with the same role for the same actions share those of the first one.
    pub(crate) fn member_credentials(&self, role: MemberRole) -> SharedCredentialsProvider {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let actions = role.actions.iter().map(|action| action.action);
        let key = (role.arn.clone(), actions.collect());
        let provider = members.entry(key).or_insert_with(|| {
            SharedCredentialsProvider::new(MemberCredentials {
                client: sdk_client!(aws_sdk_sts, self, self.home()),
                role,
            })
        });
        provider.clone()
    }

    /// Returns the SDK's own configuration.
    pub(crate) fn sdk_config(&self) -> &SdkConfig {
        &self.config
    }

    /// Returns the interceptor that counts calls.
    pub(crate) fn call_meter(&self) -> CallMeter {
        self.meter.clone()
    }

    /// Returns the retry partition of clients, unless it is the SDK's own.
    pub(crate) fn retry_partition(&self) -> Option<RetryPartition> {
        match self.retries {
            Retries::User => None,
            Retries::Default => Some(
                RetryPartition::custom("exposured")
                    .token_bucket(TokenBucket::unlimited())
                    .build(),
            ),
        }
    }
}

/// Returns the configured Regions, or that of the environment or the profile. Nothing is called: unlike the SDK's own
/// lookup, this one does not ask the metadata service of an instance.
///
/// # Errors
/// No Region is known, or the environment names something that is not a Region.
pub async fn configured_or_environment_regions(
    configured: &[Region],
) -> Result<Vec<Region>, SessionError> {
    if !configured.is_empty() {
        return Ok(configured.to_vec());
    }
    let found = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new())
        .region()
        .await
        .ok_or(SessionError::NoRegion)?;
    Ok(vec![found.as_ref().parse()?])
}

/// Returns a Region as the SDK's type.
pub(crate) fn sdk_region(region: &Region) -> aws_config::Region {
    aws_config::Region::new(region.as_str().to_owned())
}

/// Sets enough attempts to outlast throttling, unless the environment or the profile sets them.
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
    (config, Retries::Default)
}

async fn identity(config: &SdkConfig, meter: &CallMeter) -> Result<AccountId, SessionError> {
    let client = aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::config::Builder::from(config)
            .retry_classifier(GiveUpOnUnreachable::default())
            .interceptor(meter.clone())
            .interceptor(NameEndpoint)
            .build(),
    );
    // The SDK reads a truncated response as far as it goes: then it has no account.
    let call = || async {
        let response = client.get_caller_identity().send().await;
        let identity = response.map_err(|error| classify(&error, "sts:GetCallerIdentity"))?;
        let account = identity.account().unwrap_or_default();
        account.parse().map_err(|_| CallError {
            failure: Failure::MalformedResponse,
            message: format!("the response has no account ID: `{}`", clean(account)),
        })
    };
    retry_malformed_responses(call)
        .await
        .map_err(SessionError::Identity)
}
