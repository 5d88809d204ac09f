//! IAM policy documents, one per line: of an identity, its boundary, a resource, and a role.
#![no_main]

use exposured::iam::{
    Boundary, IdentityKind, IdentityPolicies, PolicyDocument, RequestContext, RequestedResource,
    RequestedTarget, RequestingIdentity, ResourcePolicy, RoleTrust, Statement, privilege_level,
};
use exposured::model::{AccountId, Resource, ResourceMention, ResourceType, identify};
use libfuzzer_sys::fuzz_target;

const REQUESTS: [(&str, &str); 5] = [
    ("s3:GetObject", "arn:aws:s3:::data/key"),
    (
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-AbCdEf",
    ),
    ("sts:AssumeRole", "arn:aws:iam::111122223333:role/admin"),
    ("iam:PassRole", "arn:aws:iam::111122223333:role/admin"),
    ("kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/1234"),
];

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mut documents = text.lines().map(parse);
    let mut next = || documents.next().flatten().unwrap_or_default();
    let (identity, boundary, resource, trust) = (next(), next(), next(), next());
    let role = role();
    let trust = RoleTrust::evaluate(&role, &trust);
    assert!(!trust.assumable_by.is_empty());
    for is_bounded in [false, true] {
        let policies = IdentityPolicies {
            statements: identity.statements.iter().collect(),
            boundary: if is_bounded {
                Boundary::Read(boundary.statements.iter().collect())
            } else {
                Boundary::None
            },
            ..IdentityPolicies::default()
        };
        decide(&policies, &resource.statements);
    }
});

fn decide(policies: &IdentityPolicies<'_>, resource: &[Statement]) {
    let caller = RequestingIdentity {
        arn: Some("arn:aws:iam::111122223333:role/app".into()),
        account: AccountId::EXAMPLE,
        kind: IdentityKind::WorkloadRole,
        tags: vec![("team".into(), "blue".into())],
    };
    let _ = privilege_level(policies, &caller);
    for (action, arn) in REQUESTS {
        let context = RequestContext::new(&caller, RequestedTarget::from_arn(arn));
        for policy in [
            ResourcePolicy::NotRead("the policy"),
            ResourcePolicy::Read(resource),
            ResourcePolicy::Required(resource),
        ] {
            let requested = RequestedResource::Arn(arn);
            let first = policies.decide(action, requested, policy, &context);
            let again = policies.decide(action, requested, policy, &context);
            assert_eq!(format!("{first:?}"), format!("{again:?}"));
            let prefix = RequestedResource::SomeWithPrefix(arn);
            let _ = policies.decide(action, prefix, policy, &context);
        }
    }
}

fn role() -> Resource {
    identify(ResourceMention {
        resource_type: ResourceType::IamRole,
        id: "arn:aws:iam::111122223333:role/app",
        account: AccountId::EXAMPLE,
        region: &"us-east-1".parse().expect("a Region"),
    })
}

/// A document, as an object or as a text that holds one.
fn parse(line: &str) -> Option<PolicyDocument> {
    let value = serde_json::from_str(line).unwrap_or_else(|_| line.into());
    PolicyDocument::parse(&value).ok()
}
