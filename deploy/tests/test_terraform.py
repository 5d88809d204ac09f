"""The Terraform module passes what the template accepts, and returns what the template returns."""

import re
from pathlib import Path

from stack import load
from test_templates import REQUIRED

MODULE = Path(__file__).parent.parent / "terraform"


def text(name):
    return (MODULE / name).read_text()


def test_the_parameters_exist():
    passed = set(re.findall(r"^    ([A-Z]\w+) += ", text("main.tf"), re.MULTILINE))
    assert set(REQUIRED) | {"Config"} <= passed <= set(load("exposured.yaml")["Parameters"])


def test_the_outputs_exist():
    returned = set(re.findall(r'outputs\["(\w+)"\]', text("outputs.tf")))
    assert returned and returned <= set(load("exposured.yaml")["Outputs"])


def test_every_variable_is_used():
    variables = re.findall(r'^variable "(\w+)"', text("variables.tf"), re.MULTILINE)
    assert [name for name in variables if f"var.{name}" not in text("main.tf")] == []
