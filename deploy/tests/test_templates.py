"""The templates hold every check in every variant, and every check notices what it is for."""

import copy
from pathlib import Path

import pytest

from checks import MEMBER_CHECKS, STACK_CHECKS, container, problems, statements
from stack import CLOUDFORMATION, Stack, load

ROOT = Path(__file__).parent.parent.parent

REQUIRED = {
    "Image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/exposured:1",
    "VpcId": "vpc-0a1b2c3d4e5f60000",
    "SubnetIds": "subnet-0a1b2c3d4e5f60001,subnet-0a1b2c3d4e5f60002",
}
ORGANIZATION = {"OrganizationId": "o-a1b2c3d4e5"}
PARAMETER = "arn:aws:ssm:us-east-1:111122223333:parameter/exposured/toml"
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:exposured-AbCdEf"
KEY = "arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"

VARIANTS = {
    "daemon": {},
    "schedule": {"RunAs": "schedule"},
    "member": {"Publish": "member", **ORGANIZATION},
    "scheduled member": {"RunAs": "schedule", "Publish": "member", **ORGANIZATION},
    "read only": {"Publish": "none"},
    "without IAM": {"Iam": "none"},
    "members' IAM": {"ReadRoleName": "exposured-read", **ORGANIZATION},
    "inventory": {"Resources": "security-hub", "Regions": "eu-west-1,us-east-1"},
    "config": {"Resources": "config"},
    "aggregator": {"Resources": "config-aggregator", "Regions": "eu-west-1,us-east-1", "PublishRegion": "eu-central-1"},
    "text": {"Config": '[aws]\nregions = ["us-east-1"]\n'},
    "parameter": {"ConfigArn": PARAMETER, "ConfigKmsKeyArn": KEY},
    "secret": {"ConfigArn": SECRET, "RepositoryArn": "arn:aws:ecr:us-east-1:111122223333:repository/exposured"},
    "existing": {
        "ClusterArn": "arn:aws:ecs:us-east-1:111122223333:cluster/tools",
        "AlarmTopicArn": "arn:aws:sns:us-east-1:111122223333:security",
        "LogKmsKeyArn": KEY,
        "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/boundary",
        "MetricNamespace": "exposured/staging",
    },
}

MEMBER = {"TaskRoleArn": "arn:aws:iam::111122223333:role/exposured-TaskRole-1", **ORGANIZATION}


def stack(**parameters):
    return Stack(load("exposured.yaml"), {**REQUIRED, **parameters})


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_sound(name):
    built = stack(**VARIANTS[name])
    assert problems(built, STACK_CHECKS) == []
    assert built.failed_rules() == []


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"ExternalId": "secret-id"},
        {"Regions": "us-east-1,eu-west-1"},
        {"ReadRoleName": "exposured-read"},
        {"ReadRoleName": "exposured-read", "PublishRoleName": ""},
    ],
)
def test_the_member_role_is_sound(extra):
    assert problems(Stack(load("member-role.yaml"), {**MEMBER, **extra}), MEMBER_CHECKS) == []


def test_the_external_id_is_required_only_if_there_is_one():
    def conditions(**extra):
        role = Stack(load("member-role.yaml"), {**MEMBER, **extra}).of_type("AWS::IAM::Role")["PublishRole"]
        return role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"]

    assert conditions() == {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}
    assert conditions(ExternalId="secret-id")["sts:ExternalId"] == "secret-id"


def actions(built, sid):
    return [statement for _, statement in statements(built) if statement["Sid"] == sid]


def test_permissions_follow_the_parameters():
    default = {statement["Sid"] for _, statement in statements(stack())}
    assert default == {"ReadFindings", "ReadServices", "ReadIdentities", "PublishExposures", "WriteLog"}
    assert actions(stack(Iam="none"), "ReadIdentities") == []
    (member,) = actions(stack(**VARIANTS["members' IAM"]), "AssumeReadRole")
    assert member["Resource"] == "arn:aws:iam::*:role/exposured-read"
    for parameters, regions in [
        ({"Regions": "eu-west-1,us-east-1"}, ["eu-west-1", "us-east-1"]),
        ({"Regions": "eu-west-1", "PublishRegion": "eu-central-1"}, ["eu-west-1", "eu-central-1"]),
    ]:
        (published,) = actions(stack(**parameters), "PublishExposures")
        assert published["Resource"] == "arn:aws:securityhub:*:111122223333:product/111122223333/default"
        assert published["Condition"]["StringEquals"]["aws:RequestedRegion"] == regions
    (member,) = actions(stack(**VARIANTS["member"]), "AssumeMemberRole")
    assert member["Resource"] == "arn:aws:iam::*:role/exposured-publish"
    (own,) = actions(stack(**VARIANTS["member"]), "PublishExposures")
    assert own["Resource"] == "arn:aws:securityhub:*:111122223333:product/111122223333/default"
    assert actions(stack(**VARIANTS["read only"]), "PublishExposures") == []
    (parameter,) = actions(stack(ConfigArn=PARAMETER), "ReadParameter")
    assert parameter["Resource"] == PARAMETER
    assert actions(stack(ConfigArn=PARAMETER), "ReadSecret") == []
    (secret,) = actions(stack(ConfigArn=SECRET), "ReadSecret")
    assert secret["Resource"] == SECRET


@pytest.mark.parametrize(
    "partition, region",
    [
        ("aws", "us-east-1"),
        ("aws-cn", "cn-north-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws-eusc", "eusc-de-east-1"),
    ],
)
def test_iam_is_read_in_the_region_of_the_partition(partition, region):
    for built, policy in [
        (stack(), "IamPolicy"),
        (Stack(load("member-role.yaml"), {**MEMBER, "ReadRoleName": "exposured-read"}), "ReadPolicy"),
    ]:
        built.values["AWS::Partition"] = partition
        properties = built.resolve(built.template["Resources"][policy]["Properties"])
        (statement,) = properties["PolicyDocument"]["Statement"]
        assert statement["Condition"]["StringEquals"]["aws:RequestedRegion"] == [region]


def test_parameters_that_contradict_each_other_are_refused():
    assert stack(Publish="member").failed_rules() == ["Publish=member needs OrganizationId"]
    assert stack(ReadRoleName="exposured-read").failed_rules() == ["ReadRoleName needs OrganizationId"]
    assert stack(Config="[aws]", ConfigArn=SECRET).failed_rules() == ["Set Config or ConfigArn, but not both"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"Image": "exposured"},
        {"ConfigArn": "arn:aws:s3:::bucket/exposured.toml"},
        {"ConfigArn": f"{SECRET}:key::"},
        {"Config": "x" * 4097},
        {"OrganizationId": "111122223333"},
        {"PublishRegion": "everywhere"},
        {"MemberRoleName": "path/role"},
    ],
)
def test_values_that_cannot_work_are_refused(wrong):
    with pytest.raises(AssertionError):
        stack(**wrong)


def test_a_template_can_be_uploaded_without_a_bucket():
    # Source: CloudFormation quotas: the template body in a request.
    for path in CLOUDFORMATION.glob("*.yaml"):
        assert path.stat().st_size <= 51_200, path.name


def test_the_alarms_use_metrics_that_the_program_writes():
    source = (ROOT / "src/telemetry/metrics.rs").read_text()
    for name, alarm in stack().of_type("AWS::CloudWatch::Alarm").items():
        assert f'"{alarm["MetricName"]}"' in source, name


def test_the_shipped_configuration_fits_without_its_comments():
    lines = (ROOT / "config/exposured.toml").read_text().splitlines(keepends=True)
    text = "".join(line for line in lines if not line.lstrip().startswith("#"))
    assert problems(stack(Config=text), STACK_CHECKS) == []


def at(template, path):
    for name in path:
        template = template[name]
    return template


RUN = ("Resources", "TaskDefinition", "Properties", "ContainerDefinitions", 0)
SERVICE = ("Resources", "Service", "Properties")
SCHEDULE = ("Resources", "Schedule", "Properties")
READ = ("Resources", "ReadPolicy", "Properties", "PolicyDocument", "Statement")

# What goes wrong, the check that must notice it, where, and the new value (None: removed).
MUTATIONS = [
    ("container_is_hardened", (*RUN, "ReadonlyRootFilesystem"), False),
    ("container_is_hardened", (*RUN, "User"), None),
    ("container_is_hardened", (*RUN, "Privileged"), True),
    ("container_is_hardened", (*RUN, "LinuxParameters", "Capabilities", "Add"), ["SYS_PTRACE"]),
    ("container_is_hardened", (*RUN, "LinuxParameters", "Capabilities", "Drop"), []),
    ("container_is_hardened", (*RUN, "LinuxParameters", "Tmpfs"), []),
    ("container_is_hardened", (*RUN, "LinuxParameters", "Tmpfs", 0, "MountOptions"), ["nosuid"]),
    ("container_is_hardened", (*RUN, "LinuxParameters", "Devices"), [{"HostPath": "/dev/fuse"}]),
    ("container_is_hardened", (*RUN, "PortMappings"), [{"ContainerPort": 80}]),
    ("container_is_hardened", ("Resources", "TaskDefinition", "Properties", "NetworkMode"), "host"),
    ("container_stops_and_reports", (*RUN, "StopTimeout"), 10),
    ("container_stops_and_reports", (*RUN, "HealthCheck"), None),
    ("container_stops_and_reports", (*RUN, "LogConfiguration", "Options", "mode"), None),
    ("container_stops_and_reports", ("Resources", "LogGroup", "Properties", "RetentionInDays"), None),
    ("command_fits", (*RUN, "Command"), ["once", "--format", "json"]),
    ("configuration_is_given_once", (*RUN, "Environment"), [{"Name": "AWS_ACCESS_KEY_ID", "Value": "x"}]),
    ("network_is_closed", ("Parameters", "AssignPublicIp", "Default"), "ENABLED"),
    (
        "network_is_closed",
        ("Resources", "SecurityGroup", "Properties", "SecurityGroupIngress"),
        [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/8"}],
    ),
    ("network_is_closed", ("Resources", "SecurityGroup", "Properties", "SecurityGroupEgress", 0, "ToPort"), 65535),
    (
        "network_is_closed",
        ("Resources", "Ingress"),
        {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {"GroupId": {"Ref": "SecurityGroup"}}},
    ),
    ("at_most_one_writer", (*SERVICE, "DesiredCount"), 2),
    ("at_most_one_writer", (*SERVICE, "DeploymentConfiguration", "MaximumPercent"), 200),
    ("at_most_one_writer", (*SERVICE, "DeploymentConfiguration", "MinimumHealthyPercent"), 100),
    ("at_most_one_writer", (*SERVICE, "AvailabilityZoneRebalancing"), "ENABLED"),
    ("at_most_one_writer", (*SERVICE, "DeploymentConfiguration", "DeploymentCircuitBreaker", "Rollback"), False),
    ("at_most_one_writer", (*SERVICE, "EnableExecuteCommand"), True),
    ("schedule_starts_one_task", (*SCHEDULE, "State"), "DISABLED"),
    ("schedule_starts_one_task", (*SCHEDULE, "Target", "EcsParameters", "TaskCount"), 2),
    ("schedule_starts_one_task", (*SCHEDULE, "Target", "RetryPolicy", "MaximumEventAgeInSeconds"), 86400),
    ("alarms_fire", ("Resources", "NoCompleteCycleAlarm", "Properties", "TreatMissingData"), "missing"),
    ("alarms_fire", ("Resources", "StaleDataAlarm", "Properties", "MetricName"), "SnapshotAge"),
    ("alarms_fire", ("Resources", "UnpublishedAlarm", "Properties", "Namespace"), "exposed"),
    ("alarms_fire", ("Resources", "MassArchiveRefusedAlarm"), None),
    ("permissions_are_least", (*READ, 0, "Resource"), "*"),
    ("permissions_are_least", (*READ, 0, "Action"), "securityhub:*"),
    ("permissions_are_least", (*READ, 0, "Condition"), None),
    ("permissions_are_least", (*READ, 1, "Condition"), None),
    ("permissions_are_least", (*READ, 1, "Sid"), None),
    ("trust_is_narrow", ("Resources", "TaskRole", "Properties", "AssumeRolePolicyDocument", "Statement", 0, "Condition"), None),
    ("log_group_survives", ("Resources", "LogGroup", "DeletionPolicy"), "Delete"),
    ("log_group_survives", ("Resources", "LogGroup", "Properties", "LogGroupName"), "exposured"),
    ("permissions_come_first", ("Resources", "TaskDefinition", "Metadata", "Policies"), []),
]


@pytest.mark.parametrize("check, path, value", MUTATIONS, ids=[f"{path[-2]}.{path[-1]}" for _, path, _ in MUTATIONS])
def test_a_mistake_is_noticed(check, path, value):
    template = copy.deepcopy(load("exposured.yaml"))
    parent = at(template, path[:-1])
    if value is None:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    found = [
        problem
        for run_as in ("daemon", "schedule")
        for problem in problems(Stack(template, {**REQUIRED, "RunAs": run_as}), STACK_CHECKS)
    ]
    assert any(problem.startswith(f"{check}: ") for problem in found), found


def test_the_configuration_reaches_the_container_unchanged():
    text = '[publish]\nsettle_cycles = 2 # "$HOME", ü\n'
    environment = {entry["Name"]: entry["Value"] for entry in container(stack(Config=text))["Environment"]}
    assert environment["EXPOSURED_TOML"] == text
