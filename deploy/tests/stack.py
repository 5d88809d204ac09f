"""Reads a CloudFormation template and resolves it for given parameters, without AWS.

A resource whose condition is false is left out, and intrinsic functions are replaced by their values. A `Ref` to a
resource becomes `<ID>`, an `Fn::GetAtt` becomes `<ID.Attribute>`.
"""

import functools
import re
from pathlib import Path

import yaml

CLOUDFORMATION = Path(__file__).parent.parent / "cloudformation"

ACCOUNT = "111122223333"
REGION = "us-east-1"

PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "exposured",
}

NO_VALUE = object()


class Loader(yaml.SafeLoader):
    """Turns the short forms of intrinsic functions, such as `!Ref`, into the long ones."""


def _intrinsic(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", _intrinsic)


@functools.cache
def load(name):
    """The template as it is written."""
    return yaml.load((CLOUDFORMATION / name).read_text(), Loader)


class Stack:
    """A template with the values of its parameters."""

    def __init__(self, template, parameters=None):
        self.template = template
        given = dict(parameters or {})
        self.values = dict(PSEUDO_PARAMETERS)
        for name, parameter in template["Parameters"].items():
            value = given.pop(name, parameter.get("Default"))
            assert value is not None, f"the parameter {name} has no default"
            self._check(name, parameter, value)
            is_list = parameter["Type"].startswith(("List<", "CommaDelimitedList"))
            self.values[name] = str(value).split(",") if is_list else str(value)
        assert not given, f"the template has no parameter {sorted(given)}"
        self.resources = {
            name: self.resolve(resource)
            for name, resource in template["Resources"].items()
            if self._exists(resource)
        }

    def of_type(self, resource_type):
        """The properties of the resources of a type, by logical ID."""
        return {
            name: resource["Properties"]
            for name, resource in self.resources.items()
            if resource["Type"] == resource_type
        }

    def failed_rules(self):
        """The descriptions of the assertions that the parameters violate."""
        return [
            assertion["AssertDescription"]
            for rule in self.template.get("Rules", {}).values()
            if self.resolve(rule["RuleCondition"])
            for assertion in rule["Assertions"]
            if not self.resolve(assertion["Assert"])
        ]

    @staticmethod
    def _check(name, parameter, value):
        allowed = parameter.get("AllowedValues")
        assert allowed is None or value in allowed, f"{name} cannot be {value}"
        pattern = parameter.get("AllowedPattern")
        assert pattern is None or re.search(pattern, value), f"{name} cannot be {value}"
        assert len(str(value)) <= parameter.get("MaxLength", 4096), f"{name} is too long"

    def _exists(self, resource):
        condition = resource.get("Condition")
        return condition is None or self._condition(condition)

    def _condition(self, name):
        return self.resolve(self.template["Conditions"][name])

    def resolve(self, node):
        if isinstance(node, list):
            items = [self.resolve(item) for item in node]
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (key, value), *_ = node.items()
            if key == "Ref":
                return self._ref(value)
            if key == "Condition" and isinstance(value, str):
                return self._condition(value)
            if key.startswith("Fn::"):
                return getattr(self, f"_{key[4:].lower()}")(value)
        members = {key: self.resolve(value) for key, value in node.items()}
        return {key: value for key, value in members.items() if value is not NO_VALUE}

    def _ref(self, name):
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.values:
            return self.values[name]
        assert self._exists(self.template["Resources"][name]), f"{name} does not exist"
        return f"<{name}>"

    def _getatt(self, value):
        name, attribute = value
        assert self._exists(self.template["Resources"][name]), f"{name} does not exist"
        return f"<{name}.{attribute}>"

    def _if(self, value):
        condition, yes, no = value
        return self.resolve(yes if self._condition(condition) else no)

    def _equals(self, value):
        left, right = self.resolve(value)
        return left == right

    def _not(self, value):
        return not self.resolve(value)[0]

    def _and(self, value):
        return all(self.resolve(value))

    def _join(self, value):
        separator, items = value
        return separator.join(self.resolve(items))

    def _split(self, value):
        separator, text = value
        return self.resolve(text).split(separator)

    def _select(self, value):
        index, items = value
        return self.resolve(items)[int(index)]

    def _sub(self, value):
        text, names = value if isinstance(value, list) else (value, {})
        names = self.resolve(names)
        return re.sub(
            r"\$\{([^}]+)\}",
            lambda match: names[match[1]] if match[1] in names else self._ref(match[1]),
            text,
        )
