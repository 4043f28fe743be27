"""The template, as written and as AWS sees it after the SAM transform.

Nothing here reaches the network or needs an account: the transform is the library that AWS itself runs, given a region.
"""

import copy
import os
import re
from pathlib import Path

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")  # the transform asks for one, and uses it only for the partition

from samcli.yamlhelper import yaml_parse  # noqa: E402
from samtranslator.translator.transform import transform  # noqa: E402

TEMPLATE = Path(__file__).parents[1] / "template.yaml"
FUNCTIONS = ["webhooks", "collect", "ingest", "profile", "train", "recommend"]
PUBLIC = ["webhooks", "collect", "recommend"]


class Stack:
    """`source` is the template as written, `resources` what the transform makes of it."""

    def __init__(self, source):
        self.source = source
        self.resources = transformed(source)["Resources"]

    def of_type(self, kind):
        """Logical id → properties, of every resource of this CloudFormation type."""
        return {id: it.get("Properties", {}) for id, it in self.resources.items() if it["Type"] == kind}

    def function(self, name):
        """Properties of the transformed function `name`."""
        return self.resources[function_id(name)]["Properties"]

    def mappings(self, name):
        """Properties of the queues that feed the function `name`."""
        return [it for it in self.of_type("AWS::Lambda::EventSourceMapping").values() if it["FunctionName"] == {"Ref": function_id(name)}]


def load():
    return yaml_parse(TEMPLATE.read_text())


def function_id(name):
    return f"{name.capitalize()}Function"


def transformed(source):
    defaults = {name: it["Default"] for name, it in source["Parameters"].items()}
    return transform(packaged(source), defaults, NoManagedPolicies())


def packaged(source):
    """As `sam package` leaves it: code lies in S3. The transform takes no folder."""
    source = copy.deepcopy(source)
    for id, it in source["Resources"].items():
        if it["Type"] == "AWS::Serverless::Function":
            it["Properties"]["CodeUri"] = f"s3://built/{id}"
    return source


class NoManagedPolicies:
    """No role here uses a managed policy by name, so none has to be looked up in an account."""

    def load(self):
        return {}


def render(value):
    """An ARN or name as a short string: `Bucket/log/*`, `InboxQueue`, `${AWS::StackName}-inbox`."""
    match value:
        case {"Fn::GetAtt": [id, "Arn"]} | {"Ref": id}:
            return id
        case {"Fn::GetAtt": [id, attribute]}:
            return f"{id}.{attribute}"
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{(\w+)\.Arn\}", r"\1", text)
        case _:
            return value


def listed(value):
    """IAM writes one or many; this is always many."""
    return value if isinstance(value, list) else [value]


def references(value):
    """Logical ids, parameters and pseudo-parameters that a piece of template refers to."""
    match value:
        case {"Ref": id}:
            yield id
        case {"Fn::GetAtt": [id, *_]}:
            yield id
        case {"Fn::Sub": str() as text}:
            yield from re.findall(r"\$\{([\w:]+)", text)
        case dict():
            for it in value.values():
                yield from references(it)
        case list():
            for it in value:
                yield from references(it)
