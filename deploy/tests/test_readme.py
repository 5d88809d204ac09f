"""The README gives commands and names that exist."""

import re
from pathlib import Path

import pytest

from stack import load
from test_templates import REQUIRED, stack

README = (Path(__file__).parent.parent / "README.md").read_text()
WAYS = ["1. A daemon, with CloudFormation", "2. A scheduled task, with CloudFormation", "3. With Terraform"]


def section(title):
    return re.split(r"^##+ ", README.split(f" {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def commands(text):
    """The commands of the first console block, a continued line being one command."""
    block = re.search(r"```console\n(.*?)```", text, re.DOTALL)[1]
    return block.replace("\\\n", " ").splitlines()


@pytest.mark.parametrize("way", WAYS)
def test_each_way_is_five_commands(way):
    shared = commands(README.split("They share the first three", 1)[1])
    assert len(shared + commands(section(way))) == 5


@pytest.mark.parametrize("way", WAYS[:2])
def test_the_commands_set_the_parameters_of_the_template(way):
    overrides = commands(section(way))[0].split("--parameter-overrides", 1)[1]
    given = re.findall(r"(?:^|\s)(\w+)=", overrides)
    assert set(REQUIRED) <= set(given) <= set(load("exposured.yaml")["Parameters"])


def test_the_parameters_that_must_match_exist():
    rows = re.findall(r"^\| `[\w.]+`.*?\| (.*) \|$", section("Configure"), re.MULTILINE)
    names = {re.match(r"`(\w+)`", row)[1] for row in rows}
    assert names == {
        "AccessAnalyzer",
        "Iam",
        "MemberRoleName",
        "MetricNamespace",
        "Publish",
        "PublishRegion",
        "ReadRoleName",
        "Regions",
        "Resources",
    }
    assert names <= set(load("exposured.yaml")["Parameters"])


def test_every_alarm_is_explained():
    explained = set(re.findall(r"^\| `(\w+Alarm)`", section("Alarms"), re.MULTILINE))
    assert explained == set(stack().of_type("AWS::CloudWatch::Alarm"))


def test_the_sizes_can_be_chosen():
    parameters = load("exposured.yaml")["Parameters"]
    rows = re.findall(r"\| (\d+) \| (\d+) \|$", section("Size the task"), re.MULTILINE)
    assert rows
    for memory, cpu in rows:
        assert memory in parameters["Memory"]["AllowedValues"] and cpu in parameters["Cpu"]["AllowedValues"]
