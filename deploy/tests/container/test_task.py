"""The image runs as the task of the CloudFormation template, against a simulated AWS."""

import json
import re
from pathlib import Path

import pytest

from engine import docker
from task import CLOUDFORMATION

# moto creates neither alarms nor schedules.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS")

# ECS kills a task 30 seconds after SIGTERM. The program promises 25.
STOPS_WITHIN = 25

# Cycles in a row, so that a test sees several.
CONFIG = """
[schedule]
cron = "*/2 * * * * *"
deadline = "5s"
"""

# moto cannot describe the roles that the template creates, and the sample has no IAM of its own.
WITHOUT_IAM = """
[collect]
iam = "none"
"""


def summary(severity, resource, title):
    return f"{severity} {resource}: {title}"


@pytest.fixture(scope="session")
def expected(image):
    """The exposures of the sample, by the program itself."""
    report = json.loads(docker("run", "--rm", "--network=none", image, "once", "--sample", "--format=json").stdout)
    exposures = [summary(x["severity"], x["resource"]["id"], x["title"]) for x in report["exposures"]]
    assert exposures
    return sorted(exposures)


def published(aws):
    exposures = aws.exposures()
    assert {x["RecordState"] for x in exposures} <= {"ACTIVE"}
    return sorted(summary(x["Severity"]["Label"], x["Resources"][0]["Id"], x["Title"]) for x in exposures)


def metrics(task):
    """The metrics that CloudWatch Logs finds among the lines of the program, in its embedded metric format."""
    return [metric for line in task.lines() if "_aws" in line for metric in line["_aws"]["CloudWatchMetrics"]]


def test_the_daemon_publishes_the_exposures_of_the_sample(aws, start_task, expected):
    task = start_task(Config=CONFIG)
    task.wait_for_health("healthy")
    task.wait_until(lambda: len(task.outcomes()) >= 2, "two cycles")
    assert set(task.outcomes()) == {"complete"}
    assert published(aws) == expected
    assert metrics(task)


def test_every_alarm_has_its_metric(start_task):
    task = start_task()
    task.wait_until(lambda: task.outcomes() == ["complete"], "a cycle")
    sent = {(metric["Namespace"], item["Name"]) for metric in metrics(task) for item in metric["Metrics"]}
    names = re.findall(r"MetricName: (\w+)", (CLOUDFORMATION / "exposured.yaml").read_text())
    assert len(names) == 4
    assert {("exposured", name) for name in names} <= sent


def test_credentials_rotate(aws, start_task):
    aws.credentials_lifetime = 13
    task = start_task(Config=CONFIG)
    task.wait_until(lambda: len(aws.access_keys()) >= 3, "calls with three access keys")
    assert not [call for call in aws.calls if call.expired]
    assert set(task.outcomes()) == {"complete"}


def test_failing_cycles_make_the_task_unhealthy_until_they_succeed(aws, start_task):
    aws.credentials_lifetime = 13
    task = start_task(Config=CONFIG)
    task.wait_for_health("healthy")
    aws.outage.set()
    task.wait_for_health("unhealthy", seconds=90)
    assert task.events("cycle_failed"), "the log says why"
    aws.outage.clear()
    task.wait_for_health("healthy")


def test_the_idle_daemon_stops_on_sigterm(start_task):
    task = start_task()
    task.wait_until(lambda: task.outcomes() == ["complete"], "a cycle")
    code, seconds = task.stop()
    assert (code, seconds < STOPS_WITHIN) == (0, True), seconds


def test_the_daemon_stops_on_sigterm_while_aws_does_not_answer(aws, start_task):
    aws.answering.clear()
    task = start_task()
    task.wait_until(lambda: aws.calls, "a call that is not answered")
    code, seconds = task.stop()
    assert (code, seconds < STOPS_WITHIN) == (0, True), seconds


def test_the_scheduled_task_publishes_and_exits(aws, start_task, expected):
    task = start_task(RunAs="schedule", Iam="none", Config=WITHOUT_IAM)
    assert task.wait() == 0, task.lines()
    assert published(aws) == expected
    assert metrics(task)
    assert task.output == "", "a scheduled task prints no exposures"


def test_the_process_has_no_privileges(start_task):
    task = start_task()
    task.wait_for_health("healthy")
    lines = Path(f"/proc/{task.state['Pid']}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert status["Uid"].split() == ["65532"] * 4
    assert status["Gid"].split() == ["65532"] * 4
    capabilities = {name: value for name, value in status.items() if name.startswith("Cap")}
    assert set(capabilities.values()) == {"0" * 16}, capabilities
    assert status["NoNewPrivs"] == "1"
    mounts = [line.split() for line in Path(f"/proc/{task.state['Pid']}/mounts").read_text().splitlines()]
    root = next(mount for mount in mounts if mount[1] == "/")
    assert "ro" in root[3].split(","), root
