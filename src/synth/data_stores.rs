//! Data stores and users: buckets, databases, tables, and IAM users.

use serde_json::json;

use super::account::{AccountWriter, SyntheticResource};
use super::controls::*;

impl AccountWriter<'_> {
    /// Writes buckets. Few of them contain sensitive data.
    pub(super) fn buckets(&mut self) {
        let count = self.size(200);
        for _ in 0..self.take(count) {
            let name = self.name("data");
            let bucket = SyntheticResource {
                asff_type: "AwsS3Bucket",
                arn: format!("arn:aws:s3:::{name}"),
                short_id: name,
                details: json!({
                    "OwnerId": "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a",
                    "OwnerAccountId": self.number,
                    "CreatedAt": "2024-02-01T00:00:00.000Z",
                    "ServerSideEncryptionConfiguration": {"Rules": [
                        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}},
                    ]},
                    "PublicAccessBlockConfiguration": {
                        "BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
                    },
                    "BucketVersioningConfiguration": {"Status": "Enabled", "IsMfaDeleteEnabled": false},
                }),
                tags: json!({"classification": "internal"}),
            };
            self.controls(&BUCKET, &bucket);
            if self.happens(0.02) {
                self.sensitive_data(&bucket);
            }
        }
    }

    /// Writes databases that share a security group.
    pub(super) fn databases(&mut self) {
        let count = self.size(40);
        // The security group and the VPC count as well.
        let count = self.take(count + 2).saturating_sub(2);
        let (group, vpc) = (self.id("sg"), self.id("vpc"));
        self.group(&group, &vpc);
        for _ in 0..count {
            let name = self.name("db");
            let database = SyntheticResource {
                asff_type: "AwsRdsDbInstance",
                arn: self.arn("rds", &format!("db:{name}")),
                short_id: name.clone(),
                details: json!({
                    "DBInstanceIdentifier": name,
                    "DBInstanceClass": "db.m7g.large",
                    "DbiResourceId": format!("db-{:026X}", self.random.u128(..)),
                    "Engine": "postgres",
                    "EngineVersion": "16.4",
                    "StorageEncrypted": true,
                    "Endpoint": {"Address": format!("{name}.rds.amazonaws.com"), "Port": 5432},
                    "VpcSecurityGroups": [{"VpcSecurityGroupId": group, "Status": "active"}],
                    "MultiAz": true,
                    "PubliclyAccessible": false,
                }),
                tags: json!({}),
            };
            self.controls(&DATABASE, &database);
        }
    }

    /// Writes DynamoDB tables.
    pub(super) fn tables(&mut self) {
        let count = self.size(60);
        for _ in 0..self.take(count) {
            let name = self.name("table");
            let table = SyntheticResource {
                asff_type: "AwsDynamoDbTable",
                arn: self.arn("dynamodb", &format!("table/{name}")),
                short_id: name.clone(),
                details: json!({
                    "TableName": name,
                    "TableStatus": "ACTIVE",
                    "ItemCount": 12_000,
                    "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
                    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                }),
                tags: json!({}),
            };
            self.controls(&TABLE, &table);
        }
    }

    /// Writes IAM users.
    pub(super) fn users(&mut self) {
        let count = self.size(60);
        for _ in 0..self.take(count) {
            let name = self.name("user");
            let user = SyntheticResource {
                asff_type: "AwsIamUser",
                arn: self.global_arn("iam", &format!("user/{name}")),
                short_id: name.clone(),
                details: json!({
                    "UserName": name,
                    "UserId": format!("AIDA{:016X}", self.random.u64(..)),
                    "Path": "/",
                    "CreateDate": "2024-01-01T00:00:00.000Z",
                    "GroupList": ["developers"],
                    "AttachedManagedPolicies": [],
                }),
                tags: json!({}),
            };
            self.controls(&USER, &user);
        }
    }
}
