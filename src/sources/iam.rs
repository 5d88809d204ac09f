//! IAM: the users, groups, roles, and policies of one account.

#![expect(
    clippy::disallowed_methods,
    reason = "what IAM lists is its state at the time of reading"
)]

use aws_sdk_iam::Client;
use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
use aws_sdk_iam::types::{
    AttachedPermissionsBoundary, AttachedPolicy, GroupDetail, ManagedPolicyDetail, PolicyDetail,
    RoleDetail, Tag, UserDetail,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use chrono::Utc;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::aws::{
    CallError, CallRate, CallRegions, Envelope, IamAction, MemberRole, RoleTemplate, Session,
    client_config, sdk_client, whole_response,
};
use crate::model::{AccountId, Partition, Region, SourceKind};
use crate::records::authorization_details::{self, READ_AT};

use super::outcome::CollectError;
use super::source::Source;
use super::target_reader::{Listing, TargetReader};

/// This action has no resource types. Source: Service Authorization Reference, "AWS Identity and Access Management (IAM)".
pub(super) const GET_DETAILS: IamAction = IamAction {
    statement: "ReadIdentities",
    action: "iam:GetAccountAuthorizationDetails",
    reason: "read what users and roles are allowed to do",
    resource: "*",
};

/// IAM documents no rate; this one is conservative.
const RATE: CallRate = CallRate::new("iam", 200, 5);

/// IAM allows up to 1,000, and a role may have 10 KB of policies. Source: the iam API model, `MaxItems`.
const PAGE_SIZE: i32 = 250;

/// The format that a page is converted to, so that the parser for files can parse it.
const LISTING: Listing = Listing {
    activity: "reading the users, groups, roles, and policies of IAM",
    envelope: Envelope {
        records: "Details",
        next_token: "Marker",
    },
    parser: authorization_details::parse,
};

/// IAM's `GetAccountAuthorizationDetails`.
#[derive(Debug, Default)]
pub(super) struct Iam {
    /// The account and the role to assume there, if it is not the account of the caller.
    pub(super) member: Option<(AccountId, RoleTemplate)>,
}

impl Source for Iam {
    fn kind(&self) -> SourceKind {
        SourceKind::Iam
    }

    fn actions(&self) -> &'static [IamAction] {
        const { &[GET_DETAILS] }
    }

    fn rate(&self) -> CallRate {
        RATE
    }

    fn regions(&self, configured: &[Region]) -> CallRegions {
        regions(configured)
    }

    fn collect<'a>(
        &'a self,
        reader: &'a TargetReader<'_>,
    ) -> BoxFuture<'a, Result<(), CollectError>> {
        Box::pin(async move {
            let client = self.client(reader.session(), reader.region());
            let read_at = Utc::now().to_rfc3339();
            let (client, read_at) = (&client, read_at.as_str());
            let fetch = move |marker| async move {
                let page = Self::get_details(client, PAGE_SIZE, marker).await?;
                Ok(as_listing(&page, read_at))
            };
            reader.read_listing(&LISTING, fetch).await?;
            Ok(())
        })
    }

    fn probe<'a>(
        &'a self,
        session: &'a Session,
        region: &'a Region,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async move {
            let client = self.client(session, region);
            Self::get_details(&client, 1, None).await.map(drop)
        })
    }
}

/// IAM has one endpoint in each partition. Source: IAM User Guide, "AWS global condition context keys",
/// `aws:RequestedRegion`.
pub(super) fn regions(configured: &[Region]) -> CallRegions {
    match configured.first() {
        Some(first) => CallRegions::One(Partition::of_region(first).home_region()),
        None => CallRegions::Each(Vec::new()),
    }
}

impl Iam {
    fn client(&self, session: &Session, region: &Region) -> Client {
        let Some((account, role)) = &self.member else {
            return sdk_client!(aws_sdk_iam, session, region);
        };
        let role = MemberRole {
            arn: role.arn_in(*account),
            external_id: role.external_id.clone(),
            account: *account,
            regions: [region.clone()].into(),
            actions: vec![GET_DETAILS],
        };
        let mut config = client_config!(aws_sdk_iam, session, region);
        // The other setter would wrap the provider in a new one, for which the SDK keeps credentials of its own.
        config.set_credentials_provider(Some(session.member_credentials(role)));
        Client::from_conf(config.build())
    }

    async fn get_details(
        client: &Client,
        page_size: i32,
        marker: Option<String>,
    ) -> Result<GetAccountAuthorizationDetailsOutput, CallError> {
        let request = client
            .get_account_authorization_details()
            .max_items(page_size)
            .set_marker(marker)
            .customize();
        whole_response(GET_DETAILS.action, |interceptor| {
            request.interceptor(interceptor).send()
        })
        .await
    }
}

/// A page as JSON, in the members of the AWS CLI's output.
fn as_listing(page: &GetAccountAuthorizationDetailsOutput, read_at: &str) -> String {
    let users = page.user_detail_list().iter().map(user);
    let groups = page.group_detail_list().iter().map(group);
    let roles = page.role_detail_list().iter().map(role);
    let policies = page.policies().iter().map(policy);
    let details: Vec<Value> = users
        .chain(groups)
        .chain(roles)
        .chain(policies)
        .map(|mut details| {
            if let Some(members) = details.as_object_mut() {
                members.insert(READ_AT.to_owned(), read_at.into());
            }
            details
        })
        .collect();
    let marker = page.marker().filter(|_| page.is_truncated());
    json!({"Details": details, "Marker": marker}).to_string()
}

fn user(user: &UserDetail) -> Value {
    json!({
        "Path": user.path(), "UserName": user.user_name(), "UserId": user.user_id(), "Arn": user.arn(),
        "CreateDate": time(user.create_date()),
        "UserPolicyList": inline(user.user_policy_list()),
        "GroupList": user.group_list(),
        "AttachedManagedPolicies": attached(user.attached_managed_policies()),
        "PermissionsBoundary": boundary(user.permissions_boundary()),
        "Tags": tags(user.tags()),
    })
}

fn group(group: &GroupDetail) -> Value {
    json!({
        "Path": group.path(), "GroupName": group.group_name(), "GroupId": group.group_id(), "Arn": group.arn(),
        "CreateDate": time(group.create_date()),
        "GroupPolicyList": inline(group.group_policy_list()),
        "AttachedManagedPolicies": attached(group.attached_managed_policies()),
    })
}

fn role(role: &RoleDetail) -> Value {
    let profiles = role.instance_profile_list().iter();
    let profiles: Vec<Value> = profiles
        .map(|profile| {
            json!({"InstanceProfileName": profile.instance_profile_name(), "Arn": profile.arn()})
        })
        .collect();
    let last_used = role.role_last_used();
    json!({
        "Path": role.path(), "RoleName": role.role_name(), "RoleId": role.role_id(), "Arn": role.arn(),
        "CreateDate": time(role.create_date()),
        "AssumeRolePolicyDocument": role.assume_role_policy_document(),
        "InstanceProfileList": profiles,
        "RolePolicyList": inline(role.role_policy_list()),
        "AttachedManagedPolicies": attached(role.attached_managed_policies()),
        "PermissionsBoundary": boundary(role.permissions_boundary()),
        "RoleLastUsed": {
            "LastUsedDate": time(last_used.and_then(|used| used.last_used_date())),
            "Region": last_used.and_then(|used| used.region()),
        },
        "Tags": tags(role.tags()),
    })
}

fn policy(policy: &ManagedPolicyDetail) -> Value {
    let versions = policy.policy_version_list().iter();
    let versions: Vec<Value> = versions
        .map(|version| {
            json!({
                "VersionId": version.version_id(), "IsDefaultVersion": version.is_default_version(),
                "Document": version.document(), "CreateDate": time(version.create_date()),
            })
        })
        .collect();
    json!({
        "PolicyName": policy.policy_name(), "PolicyId": policy.policy_id(), "Arn": policy.arn(),
        "DefaultVersionId": policy.default_version_id(), "UpdateDate": time(policy.update_date()),
        "PolicyVersionList": versions,
    })
}

fn inline(policies: &[PolicyDetail]) -> Vec<Value> {
    let policies = policies.iter();
    policies
        .map(|policy| {
            json!({"PolicyName": policy.policy_name(), "PolicyDocument": policy.policy_document()})
        })
        .collect()
}

fn attached(policies: &[AttachedPolicy]) -> Vec<Value> {
    let policies = policies.iter();
    policies
        .map(|policy| json!({"PolicyName": policy.policy_name(), "PolicyArn": policy.policy_arn()}))
        .collect()
}

fn boundary(boundary: Option<&AttachedPermissionsBoundary>) -> Option<Value> {
    boundary.map(|boundary| json!({"PermissionsBoundaryArn": boundary.permissions_boundary_arn()}))
}

fn tags(tags: &[Tag]) -> Vec<Value> {
    let tags = tags.iter();
    tags.map(|tag| json!({"Key": tag.key(), "Value": tag.value()}))
        .collect()
}

fn time(time: Option<&DateTime>) -> Option<String> {
    time.and_then(|time| time.fmt(Format::DateTime).ok())
}
