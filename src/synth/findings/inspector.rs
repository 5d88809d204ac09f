//! Findings of Amazon Inspector.
//!
//! Source: the inspector2 model, `Finding`.

#![expect(
    clippy::indexing_slicing,
    reason = "assigning to a key of a JSON object inserts it"
)]

use serde_json::{Value, json};

use crate::model::SourceKind;
use crate::synth::account::{AccountWriter, SyntheticResource};
use crate::synth::vulnerabilities::SyntheticVulnerability;

impl AccountWriter<'_> {
    /// Writes the finding of a vulnerable package.
    pub(in crate::synth) fn vulnerability(
        &mut self,
        inspector_type: &str,
        resource: &SyntheticResource,
        details: &Value,
    ) {
        let pool = self.pool;
        let found = pool.pick(&mut self.random);
        let (first, last) = (self.time(), self.time());
        let number = self.random.u128(..);
        let mut record = json!({
            "findingArn": self.arn("inspector2", &format!("finding/{number:032x}")),
            "awsAccountId": self.number,
            "type": "PACKAGE_VULNERABILITY",
            "title": format!("{} - {}", found.id, found.package),
            "description": description(found),
            "severity": found.severity(),
            "status": "ACTIVE",
            "firstObservedAt": first,
            "lastObservedAt": last,
            "updatedAt": last,
            "inspectorScore": found.score,
            "inspectorScoreDetails": {"adjustedCvss": {
                "score": found.score,
                "scoreSource": "NVD",
                "cvssSource": "NVD",
                "version": "3.1",
                "scoringVector": format!("CVSS:3.1/{}", found.vector),
                "adjustments": [],
            }},
            "epss": {"score": found.epss},
            "exploitAvailable": if found.exploit_available { "YES" } else { "NO" },
            "fixAvailable": if found.fixed_in.is_some() { "YES" } else { "NO" },
            "packageVulnerabilityDetails": vulnerability_details(found),
            "remediation": {"recommendation": {"text": "None Provided"}},
            "resources": [self.inspector_resource(inspector_type, resource, details)],
        });
        if found.has_dated_exploit {
            record["exploitabilityDetails"] =
                json!({"lastKnownExploitAt": "2026-10-01T00:00:00.000Z"});
        }
        self.write_finding(SourceKind::Inspector, &record);
    }

    /// Writes the finding of a network path from the internet to an instance.
    pub(in crate::synth) fn network_path(
        &mut self,
        instance: &SyntheticResource,
        interface: &str,
        group: &str,
        details: &Value,
    ) {
        let port = if self.happens(0.5) { 22 } else { 443 };
        let (gateway, acl) = (self.id("igw"), self.id("acl"));
        let step = |component_type: &str, id: &str| json!({"componentId": id, "componentType": component_type, "componentArn": ""});
        let (first, last) = (self.time(), self.time());
        let number = self.random.u128(..);
        let record = json!({
            "findingArn": self.arn("inspector2", &format!("finding/{number:032x}")),
            "awsAccountId": self.number,
            "type": "NETWORK_REACHABILITY",
            "title": format!("Port {port} is reachable from an Internet Gateway - TCP"),
            "description": format!("On the instance {}, the port range {port}-{port} is reachable from the InternetGateway {gateway}.", instance.short_id),
            "severity": "MEDIUM",
            "status": "ACTIVE",
            "firstObservedAt": first,
            "lastObservedAt": last,
            "updatedAt": last,
            "remediation": {"recommendation": {"text": "You can restrict access to your instance by modifying the Security Groups or ACLs in the network path."}},
            "networkReachabilityDetails": {
                "openPortRange": {"begin": port, "end": port},
                "protocol": "TCP",
                "networkPath": {"steps": [
                    step("AWS::EC2::InternetGateway", &gateway),
                    step("AWS::EC2::NetworkAcl", &acl),
                    step("AWS::EC2::SecurityGroup", group),
                    step("AWS::EC2::NetworkInterface", interface),
                    step("AWS::EC2::Instance", &instance.short_id),
                ]},
            },
            "resources": [self.inspector_resource("AWS_EC2_INSTANCE", instance, details)],
        });
        self.write_finding(SourceKind::Inspector, &record);
    }

    fn inspector_resource(
        &self,
        inspector_type: &str,
        resource: &SyntheticResource,
        details: &Value,
    ) -> Value {
        json!({
            "type": inspector_type,
            "id": resource.short_id,
            "partition": "aws",
            "region": self.region,
            "tags": resource.tags,
            "details": details,
        })
    }
}

fn description(found: &SyntheticVulnerability) -> String {
    format!(
        "A flaw was found in {} before {}. The component does not validate its input properly, so a crafted request can \
         cause a read or write outside of the allocated memory. A remote attacker can use the flaw to crash the process, \
         to read its memory, or to run arbitrary code with its permissions.",
        found.package,
        found.fixed_in.as_deref().unwrap_or("any version")
    )
}

fn vulnerability_details(found: &SyntheticVulnerability) -> Value {
    json!({
        "vulnerabilityId": found.id,
        "source": "NVD",
        "sourceUrl": format!("https://nvd.nist.gov/vuln/detail/{}", found.id),
        "vendorSeverity": found.severity(),
        "vendorCreatedAt": "2025-03-04T12:00:00.000Z",
        "vendorUpdatedAt": "2025-06-04T12:00:00.000Z",
        "referenceUrls": [
            format!("https://cve.mitre.org/cgi-bin/cvename.cgi?name={}", found.id),
            format!("https://access.redhat.com/security/cve/{}", found.id),
        ],
        "relatedVulnerabilities": [],
        "cvss": [{
            "baseScore": found.score,
            "scoringVector": format!("CVSS:3.1/{}", found.vector),
            "source": "NVD",
            "version": "3.1",
        }],
        "vulnerablePackages": [{
            "name": found.package,
            "version": found.version,
            "release": "1.amzn2023",
            "epoch": 0,
            "arch": "X86_64",
            "packageManager": "OS",
            "fixedInVersion": found.fixed_in.as_deref().unwrap_or("NotAvailable"),
            "remediation": format!("dnf update {}", found.package),
        }],
    })
}
