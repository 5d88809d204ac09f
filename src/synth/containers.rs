//! Amazon ECS services, and the images that they run.

use serde_json::json;

use super::account::{AccountWriter, SyntheticResource};
use super::controls::*;

/// The average number of vulnerabilities of an image.
const PER_IMAGE: usize = 34;

impl AccountWriter<'_> {
    /// Writes a repository with many versions of an image, and a service that runs one of them. Few services run a version
    /// with vulnerabilities.
    pub(super) fn containers(&mut self) {
        let versions = self.size(120) + 4;
        // The service, its task definition, role, security group, VPC, and subnet count as well.
        let versions = self.take(versions + 6).saturating_sub(6);
        let repository = self.name("image");
        let role = self.name("task");
        let role = self.role(&role, &[]);
        let mut newest = format!("sha256:{:064x}", self.random.u128(..));
        for _ in 0..versions {
            let digest = format!(
                "sha256:{:032x}{:032x}",
                self.random.u128(..),
                self.random.u128(..)
            );
            let arn = self.arn("ecr", &format!("repository/{repository}/{digest}"));
            let image = SyntheticResource {
                asff_type: "AwsEcrContainerImage",
                short_id: arn.clone(),
                arn,
                details: json!({}),
                tags: json!({}),
            };
            let details = json!({"awsEcrContainerImage": {
                "architecture": "amd64", "imageHash": digest, "imageTags": ["v1"], "platform": "AMAZON_LINUX_2023",
                "pushedAt": "2026-09-01T00:00:00.000Z", "registry": self.number, "repositoryName": repository,
            }});
            for _ in 0..self.random.usize(..2 * PER_IMAGE) {
                self.vulnerability("AWS_ECR_CONTAINER_IMAGE", &image, &details);
            }
            if self.happens(0.02) {
                newest = digest;
            }
        }
        self.service(&repository, &newest, &role);
    }

    fn service(&mut self, repository: &str, digest: &str, role: &str) {
        let name = self.name("svc");
        let task_arn = self.arn("ecs", &format!("task-definition/{name}:7"));
        let task = SyntheticResource {
            asff_type: "AwsEcsTaskDefinition",
            arn: task_arn.clone(),
            short_id: name.clone(),
            details: json!({
                "TaskRoleArn": role,
                "NetworkMode": "awsvpc",
                "RequiresCompatibilities": ["FARGATE"],
                "Cpu": "512",
                "Memory": "1024",
                "ContainerDefinitions": [{
                    "Name": name,
                    "Image": format!("{}.dkr.ecr.{}.amazonaws.com/{repository}@{digest}", self.number, self.region),
                    "Essential": true,
                    "Privileged": false,
                    "PortMappings": [{"ContainerPort": 8080, "Protocol": "tcp"}],
                    "LogConfiguration": {"LogDriver": "awslogs"},
                }],
            }),
            tags: json!({}),
        };
        self.controls(&TASK, &task);
        let (group, vpc, subnet) = (self.id("sg"), self.id("vpc"), self.id("subnet"));
        self.group(&group, &vpc);
        let service = SyntheticResource {
            asff_type: "AwsEcsService",
            arn: self.arn("ecs", &format!("service/main/{name}")),
            short_id: name.clone(),
            details: json!({
                "ServiceName": name,
                "Cluster": self.arn("ecs", "cluster/main"),
                "DesiredCount": 2,
                "LaunchType": "FARGATE",
                "TaskDefinition": task_arn,
                "NetworkConfiguration": {"AwsVpcConfiguration": {
                    "AssignPublicIp": "DISABLED", "SecurityGroups": [group], "Subnets": [subnet],
                }},
            }),
            tags: json!({}),
        };
        self.controls(&SERVICE, &service);
    }
}
