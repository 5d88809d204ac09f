//! The workloads of an account, with fleets of instances and groups of functions.

#![expect(
    clippy::indexing_slicing,
    reason = "assigning to a key of a JSON object inserts it"
)]

use serde_json::{Value, json};

use super::account::{AccountWriter, SyntheticResource};
use super::controls::*;

/// The share of fleets with vulnerable packages.
const UNPATCHED: f64 = 0.03;
/// The share of instances that are reachable from the internet.
const REACHABLE: f64 = 0.015;

const IMAGE: &str = "ami-0123456789abcdef0";
const CODE_DIGEST: &str = "t4hSfNDiGKbkb1nYSkfUpV0ZkmKzM4SRnMqyDcxBcNk=";
const LAUNCHED_AT: &str = "2026-05-01T10:00:00.000Z";

/// What the instances of a fleet share.
struct Fleet {
    subnet: String,
    vpc: String,
    group: String,
    /// The ARN of the instance profile.
    profile: Option<String>,
    is_unpatched: bool,
}

impl AccountWriter<'_> {
    /// Writes a workload. Each kind is as frequent as in a typical account.
    pub(super) fn workload(&mut self) {
        match self.random.u32(..100) {
            0..25 => self.fleet(),
            25..45 => self.functions(),
            45..65 => self.buckets(),
            65..70 => self.databases(),
            70..75 => self.tables(),
            75..95 => self.containers(),
            _ => self.users(),
        }
    }

    /// Writes instances that share a security group, an instance profile, a role, and a subnet.
    fn fleet(&mut self) {
        let wanted = 2 * self.size(400);
        // The security group, the role, the instance profile, the subnet, and the VPC count as well. Each instance has a
        // network interface.
        let count = self.take(wanted + 5).saturating_sub(5).div_ceil(2);
        let (subnet, vpc) = (self.id("subnet"), self.id("vpc"));
        let group = self.id("sg");
        self.group(&group, &vpc);
        let role = self.name("role");
        let profile = self.global_arn("iam", &format!("instance-profile/{role}"));
        self.role(&role, &[&profile]);
        let fleet = Fleet {
            subnet,
            vpc,
            group,
            profile: self.happens(0.8).then_some(profile),
            is_unpatched: self.happens(UNPATCHED),
        };
        for _ in 0..count {
            self.instance(&fleet);
        }
    }

    fn instance(&mut self, fleet: &Fleet) {
        let (id, interface) = (self.id("i"), self.id("eni"));
        let name = self.name("host");
        let fails_imds = self.happens(0.15);
        let instance = SyntheticResource {
            asff_type: "AwsEc2Instance",
            arn: self.arn("ec2", &format!("instance/{id}")),
            short_id: id.clone(),
            details: instance_details(fleet, &interface, fails_imds),
            tags: json!({"Name": name, "environment": "production"}),
        };
        let is_reachable = self.happens(REACHABLE);
        self.control(IMDS, fails_imds, &instance);
        self.control(PUBLIC_ADDRESS, is_reachable, &instance);
        let fails_patches = self.happens(0.1);
        self.control(PATCHES, fails_patches, &instance);
        self.network_interface(&interface, &id, &fleet.group);
        let details = json!({"awsEc2Instance": inspector_details(fleet)});
        if is_reachable {
            self.network_path(&instance, &interface, &fleet.group, &details);
        }
        if fleet.is_unpatched {
            for _ in 0..self.size(300) + 5 {
                self.vulnerability("AWS_EC2_INSTANCE", &instance, &details);
            }
        }
    }

    fn network_interface(&mut self, id: &str, instance: &str, group: &str) {
        let interface = SyntheticResource {
            asff_type: "AwsEc2NetworkInterface",
            arn: self.arn("ec2", &format!("network-interface/{id}")),
            short_id: id.to_owned(),
            details: json!({
                "Attachment": {"InstanceId": instance, "Status": "attached", "DeviceIndex": 0},
                "NetworkInterfaceId": id,
                "SecurityGroups": [{"GroupName": "web", "GroupId": group}],
                "SourceDestCheck": true,
            }),
            tags: json!({}),
        };
        self.control(SOURCE_CHECK, false, &interface);
    }

    /// Writes a security group.
    pub(super) fn group(&mut self, group: &str, vpc: &str) {
        let resource = SyntheticResource {
            asff_type: "AwsEc2SecurityGroup",
            arn: self.arn("ec2", &format!("security-group/{group}")),
            short_id: group.to_owned(),
            details: json!({
                "GroupName": "web",
                "GroupId": group,
                "OwnerId": self.number,
                "VpcId": vpc,
                "IpPermissions": [{
                    "IpProtocol": "tcp",
                    "FromPort": 443,
                    "ToPort": 443,
                    "IpRanges": [{"CidrIp": "10.0.0.0/8"}],
                }],
                "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
            }),
            tags: json!({}),
        };
        let is_open = self.happens(0.1);
        self.control(OPEN_GROUP, is_open, &resource);
    }

    /// Writes a role and returns its ARN.
    pub(super) fn role(&mut self, name: &str, profiles: &[&String]) -> String {
        let arn = self.global_arn("iam", &format!("role/{name}"));
        let policy = if self.happens(0.04) {
            "arn:aws:iam::aws:policy/AdministratorAccess"
        } else {
            "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
        };
        let profiles: Vec<Value> = profiles
            .iter()
            .map(|arn| json!({"Arn": arn, "InstanceProfileName": name}))
            .collect();
        let resource = SyntheticResource {
            asff_type: "AwsIamRole",
            arn: arn.clone(),
            short_id: name.to_owned(),
            details: json!({
                "RoleName": name,
                "Path": "/",
                "CreateDate": "2025-01-01T00:00:00.000Z",
                "MaxSessionDuration": 3600,
                "AssumeRolePolicyDocument": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"ec2.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}",
                "InstanceProfileList": profiles,
                "AttachedManagedPolicies": [{"PolicyArn": policy, "PolicyName": policy.rsplit('/').next()}],
            }),
            tags: json!({}),
        };
        self.control(ROLE, false, &resource);
        arn
    }

    /// Writes functions that share a role.
    fn functions(&mut self) {
        let count = self.size(150);
        let count = self.take(count + 1).saturating_sub(1);
        let role = self.name("role");
        let role = self.role(&role, &[]);
        let is_vulnerable = self.happens(0.05);
        for _ in 0..count {
            self.function(&role, is_vulnerable);
        }
    }

    fn function(&mut self, role: &str, is_vulnerable: bool) {
        let name = self.name("fn");
        let function = SyntheticResource {
            asff_type: "AwsLambdaFunction",
            arn: self.arn("lambda", &format!("function:{name}")),
            short_id: self.arn("lambda", &format!("function:{name}:$LATEST")),
            details: json!({
                "FunctionName": name,
                "Handler": "app.handler",
                "Runtime": "python3.12",
                "Role": role,
                "MemorySize": 256,
                "Timeout": 30,
                "CodeSha256": CODE_DIGEST,
                "LastModified": "2026-07-01T08:00:00.000Z",
                "TracingConfig": {"Mode": "PassThrough"},
                "Version": "$LATEST",
                "Architectures": ["x86_64"],
                "PackageType": "Zip",
            }),
            tags: json!({"team": "shop"}),
        };
        let is_public = self.happens(0.005);
        let has_old_runtime = self.happens(0.08);
        let is_outside_vpc = self.happens(0.7);
        self.control(FUNCTION_PUBLIC, is_public, &function);
        self.control(FUNCTION_RUNTIME, has_old_runtime, &function);
        self.control(FUNCTION_VPC, is_outside_vpc, &function);
        if is_vulnerable {
            let details = json!({"awsLambdaFunction": {
                "functionName": name, "runtime": "PYTHON_3_12", "packageType": "ZIP", "version": "$LATEST",
                "codeSha256": CODE_DIGEST, "executionRoleArn": role,
            }});
            for _ in 0..self.size(40) {
                self.vulnerability("AWS_LAMBDA_FUNCTION", &function, &details);
            }
        }
    }
}

/// The details of an instance in ASFF.
fn instance_details(fleet: &Fleet, interface: &str, fails_imds: bool) -> Value {
    json!({
        "ImageId": IMAGE,
        "VpcId": fleet.vpc,
        "SubnetId": fleet.subnet,
        "LaunchedAt": LAUNCHED_AT,
        "NetworkInterfaces": [{"NetworkInterfaceId": interface}],
        "VirtualizationType": "hvm",
        "MetadataOptions": {
            "HttpEndpoint": "enabled",
            "HttpPutResponseHopLimit": 2,
            "HttpTokens": if fails_imds { "optional" } else { "required" },
            "InstanceMetadataTags": "disabled",
        },
        "Monitoring": {"State": "disabled"},
    })
}

/// The details of an instance in findings of Inspector.
fn inspector_details(fleet: &Fleet) -> Value {
    let mut details = json!({
        "imageId": IMAGE,
        "ipV4Addresses": ["10.0.0.10"],
        "ipV6Addresses": [],
        "launchedAt": LAUNCHED_AT,
        "platform": "AMAZON_LINUX_2023",
        "subnetId": fleet.subnet,
        "type": "m7i.large",
        "vpcId": fleet.vpc,
    });
    if let Some(profile) = &fleet.profile {
        details["iamInstanceProfileArn"] = json!(profile);
    }
    details
}
