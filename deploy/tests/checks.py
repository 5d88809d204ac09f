"""What the templates must hold beyond what the linters look for. Each check yields the problems that it finds."""

import json
from importlib.resources import files

# The program's own limit is 25 seconds. Fargate allows at most 120.
STOP_TIMEOUT = 30

FULL_ACCESS_ACTIONS = {"ecr:GetAuthorizationToken"}


def container(stack):
    (definition,) = stack.of_type("AWS::ECS::TaskDefinition").values()
    (container,) = definition["ContainerDefinitions"]
    return container


def service(stack):
    services = list(stack.of_type("AWS::ECS::Service").values())
    return services[0] if services else None


def schedule(stack):
    schedules = list(stack.of_type("AWS::Scheduler::Schedule").values())
    return schedules[0] if schedules else None


def container_is_hardened(stack):
    run = container(stack)
    limits = run.get("LinuxParameters", {})
    if run.get("ReadonlyRootFilesystem") is not True:
        yield "the root file system is writable"
    if run.get("User") != "65532:65532":
        yield f"the container runs as {run.get('User')}"
    if run.get("Privileged") is not False:
        yield "the container may be privileged"
    if limits.get("Capabilities") != {"Drop": ["ALL"]}:
        yield f"the container has capabilities: {limits.get('Capabilities')}"
    tmpfs = {mount["ContainerPath"]: mount for mount in limits.get("Tmpfs", [])}
    if list(tmpfs) != ["/tmp"]:
        yield f"the writable folders are {list(tmpfs)}"
    elif set(tmpfs["/tmp"].get("MountOptions", [])) != {"nosuid", "nodev", "noexec"}:
        yield "/tmp allows programs, devices, or set-user-ID files"
    for name in ("PortMappings", "MountPoints", "VolumesFrom", "EntryPoint"):
        if name in run:
            yield f"the container has {name}"
    if "Devices" in limits:
        yield "the container has devices, which Fargate does not support"
    (definition,) = stack.of_type("AWS::ECS::TaskDefinition").values()
    for name in ("Volumes", "PidMode", "IpcMode"):
        if name in definition:
            yield f"the task has {name}"
    if definition.get("NetworkMode") != "awsvpc":
        yield "the task shares a network"


def container_stops_and_reports(stack):
    run = container(stack)
    if run.get("StopTimeout") != STOP_TIMEOUT:
        yield f"the stop timeout is {run.get('StopTimeout')}"
    is_daemon = service(stack) is not None
    health = run.get("HealthCheck", {}).get("Command")
    if health != (["CMD", "/usr/bin/exposured", "health"] if is_daemon else None):
        yield f"the health check is {health}"
    options = run["LogConfiguration"].get("Options", {})
    if run["LogConfiguration"]["LogDriver"] != "awslogs":
        yield "the log does not go to CloudWatch Logs"
    if options.get("mode") != "non-blocking" or "max-buffer-size" not in options:
        yield "the mode of the log driver depends on an account setting"
    if options.get("awslogs-group") != "<LogGroup>":
        yield "the log group is not the one with a retention"
    (group,) = stack.of_type("AWS::Logs::LogGroup").values()
    if not group.get("RetentionInDays"):
        yield "the log is kept forever"


def command_fits(stack):
    command = container(stack)["Command"]
    wanted = ["run"] if service(stack) else ["once", "--publish", "--format", "none"]
    if command != wanted:
        yield f"the command is {command}"
    if (service(stack) is None) == (schedule(stack) is None):
        yield "there must be either a service or a schedule"


def configuration_is_given_once(stack):
    run = container(stack)
    environment = {entry["Name"]: entry["Value"] for entry in run["Environment"]}
    secrets = {entry["Name"]: entry["ValueFrom"] for entry in run.get("Secrets", [])}
    if environment.get("EXPOSURED_LOG") != "warn,exposured=info":
        yield "the log does not hold the events that the alarms refer to"
    if environment.get("AWS_REGION") != "us-east-1":
        yield "the default Region is not that of the stack"
    texts = [source["EXPOSURED_TOML"] for source in (environment, secrets) if "EXPOSURED_TOML" in source]
    if len(texts) > 1:
        yield "the configuration is given twice"
    if environment.get("EXPOSURED_CONFIG") != ("env:EXPOSURED_TOML" if texts else None):
        yield "EXPOSURED_CONFIG does not fit"
    if any(name.startswith("AWS_") and name != "AWS_REGION" for name in environment):
        yield "the environment holds credentials or endpoints"


def network_is_closed(stack):
    for name, group in stack.of_type("AWS::EC2::SecurityGroup").items():
        if group.get("SecurityGroupIngress"):
            yield f"{name} allows inbound traffic"
        egress = [(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in group["SecurityGroupEgress"]]
        if egress != [("tcp", 443, 443)]:
            yield f"{name} allows outbound traffic other than HTTPS"
    for resource_type in ("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"):
        for name in stack.of_type(resource_type):
            yield f"{name} opens the security group"
    for user in (service(stack), (schedule(stack) or {}).get("Target", {}).get("EcsParameters")):
        if user is None:
            continue
        network = user["NetworkConfiguration"]["AwsvpcConfiguration"]
        if network["AssignPublicIp"] != "DISABLED":
            yield "the task has a public IP address by default"
        if network["SecurityGroups"] != ["<SecurityGroup>"]:
            yield "the task is in another security group"


def at_most_one_writer(stack):
    running = service(stack)
    if running is None:
        return
    deployment = running["DeploymentConfiguration"]
    if running["DesiredCount"] != 1:
        yield f"{running['DesiredCount']} tasks run at once"
    if (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) != (0, 100):
        yield "a deployment starts the new task before it stops the old one"
    if running.get("AvailabilityZoneRebalancing") != "DISABLED":
        yield "rebalancing starts a second task, and is refused with a maximum of 100 %"
    if deployment.get("DeploymentCircuitBreaker") != {"Enable": True, "Rollback": True}:
        yield "a task that cannot start is retried forever"
    if running.get("EnableExecuteCommand") is not False:
        yield "ECS Exec is on, which a read-only root file system does not support"
    if running["LaunchType"] != "FARGATE" or running["PlatformVersion"] != "1.4.0":
        yield "the platform is not Fargate 1.4.0"


def schedule_starts_one_task(stack):
    plan = schedule(stack)
    if plan is None:
        return
    target = plan["Target"]
    if plan["State"] != "ENABLED" or plan["ScheduleExpressionTimezone"] != "UTC":
        yield "the schedule is off, or does not run in UTC"
    if plan["FlexibleTimeWindow"] != {"Mode": "OFF"}:
        yield "the schedule is flexible"
    if target["EcsParameters"]["TaskCount"] != 1:
        yield "several tasks start at once"
    if target["EcsParameters"]["TaskDefinitionArn"] != "<TaskDefinition>":
        yield "another task definition runs"
    retries = target["RetryPolicy"]
    if not (0 < retries["MaximumEventAgeInSeconds"] <= 3600 and retries["MaximumRetryAttempts"] > 0):
        yield "a failed start is not retried, or is retried into the next cycle"
    if target["DeadLetterConfig"]["Arn"] != "<FailedStarts.Arn>":
        yield "a start that failed for good leaves no trace"


def alarms_fire(stack):
    wanted = {
        "CompleteCycles": ("Sum", "LessThanThreshold", 1, 3600, 7, "breaching"),
        "MassArchiveRefused": ("Maximum", "GreaterThanOrEqualToThreshold", 1, 21600, 1, "notBreaching"),
        "Unpublished": ("Maximum", "GreaterThanOrEqualToThreshold", 1, 21600, 2, "notBreaching"),
    }
    if service(stack):
        wanted["OldestSnapshotAge"] = ("Maximum", "GreaterThanThreshold", 86400, 21600, 1, "notBreaching")
    found = {}
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items():
        found[alarm["MetricName"]] = (
            alarm["Statistic"],
            alarm["ComparisonOperator"],
            alarm["Threshold"],
            alarm["Period"],
            int(alarm["EvaluationPeriods"]),
            alarm["TreatMissingData"],
        )
        if alarm["Namespace"] != stack.values["MetricNamespace"] or "Dimensions" in alarm:
            yield f"{name} looks for the metric elsewhere"
        topic = [stack.values["AlarmTopicArn"]] if stack.values["AlarmTopicArn"] else None
        if alarm.get("AlarmActions") != topic or alarm.get("OKActions") != topic:
            yield f"{name} notifies nobody, or somebody else"
    for metric in sorted(wanted.keys() | found.keys()):
        if found.get(metric) != wanted.get(metric):
            yield f"the alarm on {metric} is {found.get(metric)}"


def statements(stack):
    """Every statement of every permissions policy, as (resource, statement)."""
    for name, role in stack.of_type("AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement
    for name, policy in stack.of_type("AWS::IAM::Policy").items():
        for statement in policy["PolicyDocument"]["Statement"]:
            yield name, statement


def as_list(value):
    return value if isinstance(value, list) else [value]


def service_authorization():
    """The Service Authorization Reference, as cfn-lint packages it: the resource types of each action."""
    reference = files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json"
    services = json.loads(reference.read_text())
    return {
        f"{prefix}:{action}".lower(): details.get("Resources", [])
        for prefix, service in services.items()
        for action, details in service["Actions"].items()
    }


RESOURCE_TYPES = service_authorization()


def permissions_are_least(stack):
    for name, statement in statements(stack):
        where = f"{name} {statement.get('Sid')}"
        if not statement.get("Sid"):
            yield f"{where}: a statement has no Sid"
        if statement["Effect"] != "Allow" or not {"Action", "Resource"} <= statement.keys():
            yield f"{where}: not a plain Allow statement"
            continue
        regions = statement.get("Condition", {}).get("StringEquals", {}).get("aws:RequestedRegion")
        for action in as_list(statement["Action"]):
            types = RESOURCE_TYPES.get(action.lower())
            if types is None:
                yield f"{where}: there is no action {action}"
            for resource in as_list(statement["Resource"]):
                if resource == "*" and types:
                    yield f"{where}: {action} on * supports {', '.join(types)}"
                if resource == "*" and not regions and action not in FULL_ACCESS_ACTIONS:
                    yield f"{where}: {action} is allowed in every Region"
                if resource.startswith("arn:aws:securityhub:*:") and not regions:
                    yield f"{where}: {action} is allowed in every Region"
                if action == "sts:AssumeRole" and "aws:ResourceOrgID" not in json.dumps(statement):
                    yield f"{where}: the role may be in another organization"
                if action == "iam:PassRole" and "iam:PassedToService" not in json.dumps(statement):
                    yield f"{where}: the role may be passed to another service"


def trust_is_narrow(stack):
    for name, role in stack.of_type("AWS::IAM::Role").items():
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            (kind, principal), *others = statement["Principal"].items()
            conditions = json.dumps(statement.get("Condition", {}))
            if others or principal == "*" or not statement.get("Sid"):
                yield f"{name} trusts {statement['Principal']}"
            if kind == "Service" and name != "ExecutionRole" and "aws:SourceAccount" not in conditions:
                yield f"{name} can be used on behalf of another account"
            if kind == "AWS" and "aws:PrincipalOrgID" not in conditions:
                yield f"{name} can be assumed from outside the organization"


def log_group_survives(stack):
    group = stack.resources["LogGroup"]
    if group.get("UpdateReplacePolicy") != "Retain" or "Retain" not in group.get("DeletionPolicy", ""):
        yield "deleting the stack deletes the log"
    if "LogGroupName" in group["Properties"]:
        yield "a stack of the same name cannot be created again"


def permissions_come_first(stack):
    policies = {f"<{name}>" for name in stack.of_type("AWS::IAM::Policy")}
    first = {name for name in stack.resources["TaskDefinition"]["Metadata"]["Policies"] if name}
    if policies != first:
        yield f"a task may start before its permissions: {sorted(policies ^ first)}"


STACK_CHECKS = [
    container_is_hardened,
    container_stops_and_reports,
    command_fits,
    configuration_is_given_once,
    network_is_closed,
    at_most_one_writer,
    schedule_starts_one_task,
    alarms_fire,
    permissions_are_least,
    trust_is_narrow,
    log_group_survives,
    permissions_come_first,
]

MEMBER_CHECKS = [permissions_are_least, trust_is_narrow]


def problems(stack, checks):
    return [f"{check.__name__}: {problem}" for check in checks for problem in check(stack)]
