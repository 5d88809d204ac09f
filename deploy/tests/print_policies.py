"""Prints the policies of the templates as JSON, for the Rust test that compares them with `exposured policy`.

Standard input is a JSON list of `[template, parameters, role]`, where the role is a logical ID. For each, the output
has the statements of all policies of the role, and its trust policy.
"""

import json
import sys

from stack import Stack, load
from test_templates import MEMBER, REQUIRED

GIVEN = {"exposured.yaml": REQUIRED, "member-role.yaml": MEMBER}


def policies(template, parameters, role):
    stack = Stack(load(template), {**GIVEN[template], **parameters})
    attached = [
        policy for policy in stack.of_type("AWS::IAM::Policy").values() if policy["Roles"] == [f"<{role}>"]
    ]
    return {
        "permissions": {
            "Version": "2012-10-17",
            "Statement": [statement for policy in attached for statement in policy["PolicyDocument"]["Statement"]],
        },
        "trust": stack.of_type("AWS::IAM::Role")[role]["AssumeRolePolicyDocument"],
    }


json.dump([policies(*case) for case in json.load(sys.stdin)], sys.stdout)
