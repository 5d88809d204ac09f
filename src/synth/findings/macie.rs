//! Findings of Amazon Macie.
//!
//! Source: the macie2 model, `Finding`.

use serde_json::json;

use crate::model::SourceKind;
use crate::synth::account::{AccountWriter, SyntheticResource};

impl AccountWriter<'_> {
    /// Writes the finding of an object with sensitive data in a bucket.
    pub(in crate::synth) fn sensitive_data(&mut self, bucket: &SyntheticResource) {
        let (finding_type, category) = if self.happens(0.8) {
            ("SensitiveData:S3Object/Personal", "PERSONAL_INFORMATION")
        } else {
            ("SensitiveData:S3Object/Credentials", "CREDENTIALS")
        };
        let (first, last) = (self.time(), self.time());
        let object = self.name("export");
        let record = json!({
            "id": format!("{:032x}", self.random.u128(..)),
            "accountId": self.number,
            "region": self.region,
            "partition": "aws",
            "category": "CLASSIFICATION",
            "type": finding_type,
            "title": "The S3 object contains sensitive data",
            "description": "The S3 object contains more than one type of sensitive information, such as names or keys.",
            "severity": {"score": 3, "description": "High"},
            "archived": false,
            "sample": false,
            "count": 1,
            "createdAt": first,
            "updatedAt": last,
            "classificationDetails": {
                "jobId": format!("{:032x}", self.random.u128(..)),
                "result": {
                    "status": {"code": "COMPLETE"},
                    "sizeClassified": 75_000,
                    "mimeType": "text/csv",
                    "sensitiveData": [{
                        "category": category,
                        "totalCount": 12,
                        "detections": [{"type": "NAME", "count": 12}],
                    }],
                },
            },
            "resourcesAffected": {
                "s3Bucket": {
                    "arn": bucket.arn,
                    "name": bucket.short_id,
                    "owner": {"displayName": "owner", "id": format!("{:064x}", self.random.u128(..))},
                    "tags": [],
                    "publicAccess": {"effectivePermission": "NOT_PUBLIC"},
                },
                "s3Object": {"bucketArn": bucket.arn, "key": format!("{object}.csv"), "size": 75_000},
            },
        });
        self.write_finding(SourceKind::Macie, &record);
    }
}
