//! Writes a corpus to start with: the records of the sample, the built-in catalog, and the shipped configuration.

use std::path::Path;

use exposured::catalog::builtin_files;
use exposured::config::SHIPPED;
use serde_json::{Value, json};

fn main() -> std::io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, content) in exposured::sample::files() {
        let target = match name {
            "security-hub.json" => "asff",
            "inspector.json" => "inspector",
            _ => "macie",
        };
        let file: Value = serde_json::from_slice(content).map_err(std::io::Error::other)?;
        let records = file.as_object().into_iter().flat_map(|file| file.values());
        let lines: Vec<String> = records
            .filter_map(Value::as_array)
            .flatten()
            .map(ToString::to_string)
            .collect();
        for (index, line) in lines.iter().enumerate() {
            write(&corpus, target, &index.to_string(), line)?;
        }
        write(&corpus, target, "all", &lines.join("\n"))?;
        write(&corpus, "files", name, &file.to_string())?;
        write(&corpus, "files", &format!("{name}l"), &lines.join("\n"))?;
    }
    for (name, record) in resources() {
        write(&corpus, "resources", name, &record.to_string())?;
        write(&corpus, "files", name, &json!([record]).to_string())?;
    }
    for file in builtin_files() {
        let name = file.name.replace('/', "-");
        // The compiler rejects entries with the IDs of built-in ones, so the IDs are changed.
        let own = file.text.replace("id = \"", "id = \"own-");
        write(&corpus, "catalog", &name, &own)?;
        for (index, entry) in file.text.split("\n[[").skip(1).enumerate() {
            let entry = format!("[[{entry}").replace("id = \"", "id = \"own-");
            write(&corpus, "catalog", &format!("{name}-{index}"), &entry)?;
        }
    }
    write(&corpus, "config", "shipped", SHIPPED)?;
    let uncommented: Vec<&str> = SHIPPED
        .lines()
        .map(|line| {
            line.strip_prefix("# ")
                .filter(|rest| rest.contains(" = "))
                .unwrap_or(line)
        })
        .collect();
    write(&corpus, "config", "uncommented", &uncommented.join("\n"))
}

fn write(corpus: &Path, target: &str, name: &str, text: &str) -> std::io::Result<()> {
    let folder = corpus.join(target);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(name), text)
}

fn resources() -> [(&'static str, Value); 3] {
    let role = json!({
        "roleName": "web",
        "attachedManagedPolicies": [{"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}],
        "rolePolicyList": [{
            "policyName": "inline",
            "policyDocument": "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D",
        }],
        "assumeRolePolicyDocument": "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22%2A%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D",
        "instanceProfileList": [{"arn": "arn:aws:iam::111122223333:instance-profile/web"}],
    });
    [
        (
            "inventory",
            json!({
                "ResourceId": "i-0a1b2c3d4e5f60001",
                "ResourceGuid": "1",
                "AccountId": "111122223333",
                "Region": "us-east-1",
                "ResourceType": "AWS::EC2::Instance",
                "ResourceConfig": {
                    "iamInstanceProfile": {"arn": "arn:aws:iam::111122223333:instance-profile/web"},
                    "metadataOptions": {"httpTokens": "optional"},
                    "securityGroups": [{"groupId": "sg-1"}],
                    "state": {"name": "stopped"},
                },
                "ResourceTags": [{"Key": "environment", "Value": "production"}],
            }),
        ),
        (
            "config-role",
            json!({
                "arn": "arn:aws:iam::111122223333:role/web",
                "accountId": "111122223333",
                "awsRegion": "global",
                "resourceType": "AWS::IAM::Role",
                "resourceId": "AROAEXAMPLE",
                "configuration": role,
                "relationships": [],
            }),
        ),
        (
            "config-instance",
            json!({
                "arn": "arn:aws:ec2:us-east-1:111122223333:instance/i-1",
                "accountId": "111122223333",
                "awsRegion": "us-east-1",
                "resourceType": "AWS::EC2::Instance",
                "resourceId": "i-1",
                "configurationItemCaptureTime": "2026-11-01T00:00:00Z",
                "configuration": {"metadataOptions": {"httpTokens": "required"}},
                "relationships": [
                    {"resourceType": "AWS::EC2::SecurityGroup", "resourceId": "sg-1", "relationshipName": "Is associated with SecurityGroup"},
                ],
            }),
        ),
    ]
}
