#!/usr/bin/env bash
# Collects the files that `exposured once --input` reads, with the AWS CLI (version 1 or 2) and nothing else. It asks
# what the program itself asks with its default configuration, and it changes nothing in AWS.
set -euo pipefail

usage() {
    cat <<'USAGE'
Usage: export-findings.sh [OPTION]…

Writes the findings of Security Hub CSPM, Inspector, and Macie as gzipped JSON, ready for
`exposured once --input DIR`. Run it with the credentials of the delegated administrator.

  --out DIR         an empty or new folder (default: findings)
  --regions LIST    Regions, separated by commas (default: the Region of the AWS CLI)
  --sources LIST    of security-hub, inspector, macie, inventory, iam
                    (default: security-hub,inspector,macie)
  --part-size N     records in a file, from 100 to 100000 (default: 5000)
  --help            print this text

`inventory` needs Security Hub (EnableSecurityHubV2). `iam` reads the account of the credentials only.

Exit codes: 0 everything was read, 1 failed, 2 the command line is wrong, 3 some of it could not be read. What could
not be read leaves a file NAME.failed, so that exposured reports it as incomplete.
USAGE
}

# The queries below are generated from the catalog. `EXPOSURED_UPDATE_EXPORT=1 cargo test --test it export` updates them.
# BEGIN generated
failed_controls=(
    APIGateway.8 AppSync.5 BedrockAgentCore.2 CodeBuild.1 CodeBuild.2 Cognito.2 DocumentDB.3 DynamoDB.4
    DynamoDB.6 EC2.1 EC2.13 EC2.14 EC2.18 EC2.22 EC2.4 EC2.53 EC2.54 ECS.17 ECS.3 ECS.5 ECS.8 EKS.1 EKS.2 ES.2
    IAM.1 IAM.10 IAM.11 IAM.12 IAM.13 IAM.14 IAM.15 IAM.16 IAM.17 IAM.21 IAM.22 IAM.3 IAM.4 IAM.5 IAM.6 IAM.7
    IAM.8 IAM.9 KMS.1 KMS.5 Lambda.2 Lambda.3 Neptune.3 Opensearch.2 Opensearch.7 RDS.10 RDS.13 RDS.23 RDS.24
    RDS.25 RDS.26 RDS.38 RDS.39 RDS.4 RDS.41 RDS.44 RDS.46 RDS.8 Redshift.1 Redshift.15 Redshift.8
    RedshiftServerless.3 S3.15 S3.2 S3.20 S3.3 S3.6 SNS.4 SQS.3 SSM.2 SageMaker.3
)
failed_or_passed_controls=(
    DynamoDB.2 EC2.180 EC2.182 EC2.19 EC2.21 EC2.42 EC2.8 EC2.9 ECS.2 ECS.4 IAM.27 KMS.2 Lambda.1 RDS.1 RDS.11
    RDS.2 RDS.7 S3.1 S3.14 S3.17 S3.19 S3.8 SageMaker.1
)
resource_types=(
    AWS::ApiGateway::Method AWS::ApiGatewayV2::Route AWS::AppSync::GraphQLApi AWS::BedrockAgentCore::Gateway
    AWS::BedrockAgentCore::GatewayTarget AWS::CodeBuild::Project AWS::Cognito::IdentityPool
    AWS::DynamoDB::Table AWS::EC2::Instance AWS::EC2::NetworkAcl AWS::EC2::NetworkInterface
    AWS::EC2::RouteTable AWS::EC2::SecurityGroup AWS::EC2::Snapshot AWS::ECR::Repository AWS::ECS::Cluster
    AWS::ECS::Service AWS::ECS::TaskDefinition AWS::EKS::Cluster AWS::ElasticLoadBalancing::LoadBalancer
    AWS::ElasticLoadBalancingV2::Listener AWS::ElasticLoadBalancingV2::LoadBalancer AWS::Elasticsearch::Domain
    AWS::IAM::Group AWS::IAM::InstanceProfile AWS::IAM::Policy AWS::IAM::Role AWS::IAM::User AWS::KMS::Key
    AWS::Lambda::Function AWS::OpenSearch::Domain AWS::RDS::DBCluster AWS::RDS::DBClusterSnapshot
    AWS::RDS::DBInstance AWS::RDS::DBSnapshot AWS::Redshift::Cluster AWS::RedshiftServerless::Workgroup
    AWS::S3::AccessPoint AWS::S3::Bucket AWS::SNS::Topic AWS::SQS::Queue AWS::SageMaker::NotebookInstance
    AWS::SecretsManager::Secret
)
# END generated

# Source: the Security Hub API model: a filter takes at most 20 values.
values_per_filter=20

# Source: the Macie API model: GetFindings takes at most 50 IDs.
ids_per_call=50

fail() {
    echo "export-findings.sh: $1" >&2
    exit "${2:-1}"
}

# filters COMPARISON VALUE…: string filters of Security Hub, separated by commas.
filters() {
    local comparison=$1 separator='' value
    shift
    for value; do
        printf '%s{"Value":"%s","Comparison":"%s"}' "$separator" "$value" "$comparison"
        separator=,
    done
}

# read_failed NAME: records that a listing is incomplete, and why.
read_failed() {
    local why
    why=$(grep -v '^[[:space:]]*$' "$errors" | tail -n 1 || true)
    printf '%s\n' "${why:-the AWS CLI failed}" >"$out/$1.failed"
    echo "export-findings.sh: reading $1: ${why:-the AWS CLI failed}" >&2
    failures=$((failures + 1))
}

# read_pages NAME COMMAND…: writes a listing in parts, so that neither the AWS CLI nor a reader holds all of it.
read_pages() {
    local name=$1 part=0 token='' file
    shift
    while :; do
        part=$((part + 1))
        file=$(printf '%s/%s-%03d.json' "$out" "$name" "$part")
        if ! aws "$@" --output json --max-items "$part_size" ${token:+--starting-token "$token"} >"$file" 2>"$errors"; then
            rm -f "$file"
            read_failed "$name"
            return
        fi
        # The AWS CLI indents JSON by four spaces, so only the token of the listing itself matches.
        token=$(sed -n 's/^    "NextToken": "\(.*\)",\{0,1\}$/\1/p' "$file")
        gzip -n "$file"
        [ -n "$token" ] || break
    done
    echo "export-findings.sh: $name: $part file(s)" >&2
}

read_security_hub() {
    local region=$1 first products workflow
    products=$(filters EQUALS "Security Hub" "Security Hub CSPM")
    workflow=$(filters EQUALS NEW NOTIFIED)
    for ((first = 0; first < ${#failed_controls[@]}; first += values_per_filter)); do
        read_pages "security-hub-$region-failed-$((first / values_per_filter + 1))" \
            securityhub get-findings --region "$region" --page-size 100 --filters "{
                \"ProductName\": [$products],
                \"RecordState\": [$(filters EQUALS ACTIVE)],
                \"WorkflowStatus\": [$workflow],
                \"ComplianceStatus\": [$(filters EQUALS FAILED)],
                \"ComplianceSecurityControlId\": [$(filters EQUALS "${failed_controls[@]:first:values_per_filter}")]}"
    done
    for ((first = 0; first < ${#failed_or_passed_controls[@]}; first += values_per_filter)); do
        read_pages "security-hub-$region-failed-or-passed-$((first / values_per_filter + 1))" \
            securityhub get-findings --region "$region" --page-size 100 --filters "{
                \"ProductName\": [$products],
                \"RecordState\": [$(filters EQUALS ACTIVE)],
                \"ComplianceStatus\": [$(filters EQUALS FAILED PASSED)],
                \"ComplianceSecurityControlId\": [$(filters EQUALS "${failed_or_passed_controls[@]:first:values_per_filter}")]}"
    done
    read_pages "security-hub-$region-guardduty" \
        securityhub get-findings --region "$region" --page-size 100 --filters "{
            \"ProductName\": [$(filters EQUALS GuardDuty)],
            \"RecordState\": [$(filters EQUALS ACTIVE)],
            \"WorkflowStatus\": [$workflow]}"
}

read_inspector() {
    read_pages "inspector-$1" inspector2 list-findings --region "$1" --page-size 100 --filter-criteria '{
        "findingStatus": [{"comparison": "EQUALS", "value": "ACTIVE"}],
        "findingType": [
            {"comparison": "EQUALS", "value": "NETWORK_REACHABILITY"},
            {"comparison": "EQUALS", "value": "PACKAGE_VULNERABILITY"},
            {"comparison": "EQUALS", "value": "CODE_VULNERABILITY"}]}'
}

# Macie lists IDs only; the findings are read in batches.
read_macie() {
    local name="macie-$1" ids=() id part=0 file first
    if ! aws macie2 list-findings --region "$1" --page-size 50 --query 'findingIds[]' --output text --finding-criteria '{
        "criterion": {
            "archived": {"eq": ["false"]},
            "category": {"eq": ["CLASSIFICATION", "POLICY"]},
            "sample": {"eq": ["false"]}}}' >"$listed" 2>"$errors"; then
        read_failed "$name"
        return
    fi
    while read -r id; do
        ids+=("$id")
    done < <(tr -s '[:space:]' '\n' <"$listed" | grep -E '^[0-9a-f]+$' || true)
    for ((first = 0; first < ${#ids[@]}; first += ids_per_call)); do
        part=$((part + 1))
        file=$(printf '%s/%s-%03d.json' "$out" "$name" "$part")
        if ! aws macie2 get-findings --region "$1" --output json --finding-ids "${ids[@]:first:ids_per_call}" \
            >"$file" 2>"$errors"; then
            rm -f "$file"
            read_failed "$name"
            return
        fi
        gzip -n "$file"
    done
    echo "export-findings.sh: $name: $part file(s)" >&2
}

read_inventory() {
    local region=$1 first type types separator
    for ((first = 0; first < ${#resource_types[@]}; first += values_per_filter)); do
        types='' separator=''
        for type in "${resource_types[@]:first:values_per_filter}"; do
            types+="$separator{\"FieldName\": \"ResourceType\", \"Filter\": $(filters EQUALS "$type")}"
            separator=,
        done
        read_pages "inventory-$region-$((first / values_per_filter + 1))" \
            securityhub get-resources-v2 --region "$region" --page-size 100 --filters "{
                \"CompositeFilters\": [{\"StringFilters\": [$types], \"Operator\": \"OR\"}],
                \"CompositeOperator\": \"AND\"}"
    done
}

# IAM is global: the Region only selects the partition.
read_iam() {
    if ! aws iam get-account-authorization-details --region "$1" --output json >"$out/iam.json" 2>"$errors"; then
        rm -f "$out/iam.json"
        read_failed iam
        return
    fi
    gzip -n "$out/iam.json"
    echo "export-findings.sh: iam: 1 file(s)" >&2
}

wants() {
    case ",$sources," in *",$1,"*) return 0 ;; esac
    return 1
}

out=findings
regions=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
sources=security-hub,inspector,macie
part_size=5000
while [ $# -gt 0 ]; do
    case $1 in
        --help)
            usage
            exit
            ;;
        --out | --regions | --sources | --part-size)
            [ $# -ge 2 ] || fail "$1 needs a value; see --help" 2
            case $1 in
                --out) out=$2 ;;
                --regions) regions=$2 ;;
                --sources) sources=$2 ;;
                --part-size) part_size=$2 ;;
            esac
            shift 2
            ;;
        *) fail "unknown argument \`$1\`; see --help" 2 ;;
    esac
done

command -v aws >/dev/null || fail "the AWS CLI is not installed; see https://docs.aws.amazon.com/cli/"
[ -n "$regions" ] || regions=$(aws configure get region || true)
[[ $regions =~ ^[a-z0-9-]+(,[a-z0-9-]+)*$ ]] || fail "give the Regions, such as --regions us-east-1,eu-west-1" 2
[[ $part_size =~ ^[1-9][0-9]{2,5}$ && $part_size -le 100000 ]] || fail "--part-size must be from 100 to 100000" 2
for source in ${sources//,/ }; do
    case $source in
        security-hub | inspector | macie | inventory | iam) ;;
        *) fail "unknown source \`$source\`; see --help" 2 ;;
    esac
done

# Findings describe weaknesses: only their owner may read the files.
umask 077
mkdir -p "$out"
# Files of an earlier run would be taken for current findings.
[ -z "$(ls -A "$out")" ] || fail "the folder \`$out\` is not empty; give another one with --out"

errors=$(mktemp)
listed=$(mktemp)
trap 'rm -f "$errors" "$listed"' EXIT
failures=0
export AWS_PAGER=''
export AWS_RETRY_MODE=${AWS_RETRY_MODE:-standard} AWS_MAX_ATTEMPTS=${AWS_MAX_ATTEMPTS:-20}

for region in ${regions//,/ }; do
    if wants security-hub; then read_security_hub "$region"; fi
    if wants inspector; then read_inspector "$region"; fi
    if wants macie; then read_macie "$region"; fi
    if wants inventory; then read_inventory "$region"; fi
done
if wants iam; then read_iam "${regions%%,*}"; fi

if [ "$failures" -gt 0 ]; then
    fail "$failures listing(s) could not be read completely; see the lines above" 3
fi
