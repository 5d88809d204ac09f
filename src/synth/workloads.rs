//! What an account has: workloads, each kind as often as in a usual one. Fleets and functions are here.

#![expect(
    clippy::indexing_slicing,
    reason = "assigning to a key of a JSON object inserts it"
)]

use serde_json::{Value, json};

use super::account::{AccountWriter, Subject};
use super::controls::*;

/// Of how many instances packages are vulnerable.
const UNPATCHED: f64 = 0.03;
/// How many of them are reachable from the internet.
const REACHABLE: f64 = 0.015;

impl AccountWriter<'_> {
    /// One workload, each kind as often as it is in a usual account.
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

    /// Instances in one group, with one profile, role and subnet.
    fn fleet(&mut self) {
        let mut count = 2 * self.size(400);
        // With the group, the role, its profile, the subnet and the VPC.
        count = self.take(count + 5).saturating_sub(5).div_ceil(2);
        let (subnet, vpc) = (self.id("subnet"), self.id("vpc"));
        let group = self.id("sg");
        self.group(&group, &vpc);
        let role = self.name("role");
        let profile = self.global_arn("iam", &format!("instance-profile/{role}"));
        self.role(&role, &[&profile]);
        let has_profile = self.happens(0.8);
        let is_unpatched = self.happens(UNPATCHED);
        for _ in 0..count {
            self.instance(
                &subnet,
                &vpc,
                &group,
                has_profile.then_some(&profile),
                is_unpatched,
            );
        }
    }

    fn instance(
        &mut self,
        subnet: &str,
        vpc: &str,
        group: &str,
        profile: Option<&String>,
        is_unpatched: bool,
    ) {
        let (id, interface) = (self.id("i"), self.id("eni"));
        let name = self.name("host");
        let fails_imds = self.happens(0.15);
        let details = json!({
            "ImageId": "ami-0123456789abcdef0",
            "VpcId": vpc,
            "SubnetId": subnet,
            "LaunchedAt": "2026-05-01T10:00:00.000Z",
            "NetworkInterfaces": [{"NetworkInterfaceId": interface}],
            "VirtualizationType": "hvm",
            "MetadataOptions": {
                "HttpEndpoint": "enabled",
                "HttpPutResponseHopLimit": 2,
                "HttpTokens": if fails_imds { "optional" } else { "required" },
                "InstanceMetadataTags": "disabled",
            },
            "Monitoring": {"State": "disabled"},
        });
        let instance = Subject {
            asff_type: "AwsEc2Instance",
            arn: self.arn("ec2", &format!("instance/{id}")),
            short_id: id.clone(),
            details,
            tags: json!({"Name": name, "environment": "production"}),
        };
        let is_reachable = self.happens(REACHABLE);
        self.control(IMDS, fails_imds, &instance);
        self.control(PUBLIC_ADDRESS, is_reachable, &instance);
        let fails_patches = self.happens(0.1);
        self.control(PATCHES, fails_patches, &instance);
        let card = Subject {
            asff_type: "AwsEc2NetworkInterface",
            arn: self.arn("ec2", &format!("network-interface/{interface}")),
            short_id: interface.clone(),
            details: json!({
                "Attachment": {"InstanceId": id, "Status": "attached", "DeviceIndex": 0},
                "NetworkInterfaceId": interface,
                "SecurityGroups": [{"GroupName": "web", "GroupId": group}],
                "SourceDestCheck": true,
            }),
            tags: json!({}),
        };
        self.control(SOURCE_CHECK, false, &card);
        let mut by_inspector = json!({
            "imageId": "ami-0123456789abcdef0",
            "ipV4Addresses": ["10.0.0.10"],
            "ipV6Addresses": [],
            "launchedAt": "2026-05-01T10:00:00.000Z",
            "platform": "AMAZON_LINUX_2023",
            "subnetId": subnet,
            "type": "m7i.large",
            "vpcId": vpc,
        });
        if let Some(profile) = profile {
            by_inspector["iamInstanceProfileArn"] = json!(profile);
        }
        let by_inspector = json!({"awsEc2Instance": by_inspector});
        if is_reachable {
            self.reachable(&instance, &interface, group, &by_inspector);
        }
        if is_unpatched {
            for _ in 0..self.size(300) + 5 {
                self.vulnerability("AWS_EC2_INSTANCE", &instance, &by_inspector);
            }
        }
    }

    pub(super) fn group(&mut self, group: &str, vpc: &str) {
        let subject = Subject {
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
        self.control(OPEN_GROUP, is_open, &subject);
    }

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
        let subject = Subject {
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
        self.control(ROLE, false, &subject);
        arn
    }

    /// Functions that share a role.
    fn functions(&mut self) {
        let count = self.size(150);
        let count = self.take(count + 1).saturating_sub(1);
        let role = self.name("role");
        let role = self.role(&role, &[]);
        let is_vulnerable = self.happens(0.05);
        for _ in 0..count {
            let name = self.name("fn");
            let function = Subject {
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
                    "CodeSha256": "t4hSfNDiGKbkb1nYSkfUpV0ZkmKzM4SRnMqyDcxBcNk=",
                    "LastModified": "2026-07-01T08:00:00.000Z",
                    "TracingConfig": {"Mode": "PassThrough"},
                    "Version": "$LATEST",
                    "Architectures": ["x86_64"],
                    "PackageType": "Zip",
                }),
                tags: json!({"team": "shop"}),
            };
            let (public, retired, outside) =
                (self.happens(0.005), self.happens(0.08), self.happens(0.7));
            self.control(FUNCTION_PUBLIC, public, &function);
            self.control(FUNCTION_RUNTIME, retired, &function);
            self.control(FUNCTION_VPC, outside, &function);
            if is_vulnerable {
                let details = json!({"awsLambdaFunction": {
                    "functionName": name, "runtime": "PYTHON_3_12", "packageType": "ZIP", "version": "$LATEST",
                    "codeSha256": "t4hSfNDiGKbkb1nYSkfUpV0ZkmKzM4SRnMqyDcxBcNk=", "executionRoleArn": role,
                }});
                for _ in 0..self.size(40) {
                    self.vulnerability("AWS_LAMBDA_FUNCTION", &function, &details);
                }
            }
        }
    }
}
