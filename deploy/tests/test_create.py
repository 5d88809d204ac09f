"""CloudFormation creates the stack. moto stands in for AWS; it knows neither alarms nor schedules, so those are only
checked as text."""

import boto3
import pytest
from moto import mock_aws

from stack import CLOUDFORMATION, REGION
from test_templates import MEMBER, PARAMETER, REQUIRED, VARIANTS

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS")


@pytest.fixture
def aws(monkeypatch):
    for name, value in {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield lambda service: boto3.client(service, region_name=REGION)


def create(aws, template, parameters):
    """Creates the stack and returns its outputs."""
    cloudformation = aws("cloudformation")
    cloudformation.create_stack(
        StackName="exposured",
        TemplateBody=(CLOUDFORMATION / template).read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    (stack,) = cloudformation.describe_stacks(StackName="exposured")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def network(aws):
    ec2 = aws("ec2")
    subnets = ec2.describe_subnets()["Subnets"][:2]
    return {"VpcId": subnets[0]["VpcId"], "SubnetIds": ",".join(subnet["SubnetId"] for subnet in subnets)}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_stack_is_created(aws, name):
    aws("ecs").create_cluster(clusterName="tools")
    outputs = create(aws, "exposured.yaml", {**REQUIRED, **VARIANTS[name], **network(aws)})
    names = {"TaskRoleArn", "TaskDefinitionArn", "ClusterArn", "SecurityGroupId", "LogGroupName"}
    is_scheduled = VARIANTS[name].get("RunAs") == "schedule"
    assert set(outputs) == (names if is_scheduled else names | {"ServiceName"})
    task = aws("ecs").describe_task_definition(taskDefinition=outputs["TaskDefinitionArn"])["taskDefinition"]
    (container,) = task["containerDefinitions"]
    assert container["readonlyRootFilesystem"] and container["user"] == "65532:65532"
    (group,) = aws("ec2").describe_security_groups(GroupIds=[outputs["SecurityGroupId"]])["SecurityGroups"]
    assert group["IpPermissions"] == []
    services = aws("ecs").list_services(cluster=outputs["ClusterArn"])["serviceArns"]
    assert len(services) == (0 if is_scheduled else 1)


def test_the_log_is_kept_as_long_as_asked(aws):
    create(aws, "exposured.yaml", {**REQUIRED, **network(aws), "LogRetentionInDays": "365"})
    (group,) = aws("logs").describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 365


def test_the_configuration_comes_from_a_parameter(aws):
    outputs = create(aws, "exposured.yaml", {**REQUIRED, **network(aws), "ConfigArn": PARAMETER})
    task = aws("ecs").describe_task_definition(taskDefinition=outputs["TaskDefinitionArn"])["taskDefinition"]
    assert task["containerDefinitions"][0]["secrets"] == [{"name": "EXPOSURED_TOML", "valueFrom": PARAMETER}]


def test_the_member_role_is_created(aws):
    outputs = create(aws, "member-role.yaml", {**MEMBER, "ExternalId": "secret-id"})
    assert outputs["PublishRoleArn"].endswith(":role/exposured-publish")
    role = aws("iam").get_role(RoleName="exposured-publish")["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": MEMBER["TaskRoleArn"]}
