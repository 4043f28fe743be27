"""Every rule holds of the template as it is, and the two linters agree that it is one."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import rules
from stack import FUNCTIONS, TEMPLATE, Stack, load

STACK = Stack(load())
TOOLS = Path(sys.executable).parent


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda it: it.__name__)
def test_rule(rule):
    rule(STACK)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_binary_is_a_package_of_the_workspace(name):
    manifest = TEMPLATE.parent / STACK.source["Resources"][f"{name.capitalize()}Function"]["Properties"]["CodeUri"] / "Cargo.toml"
    assert f'name = "{name}"' in manifest.read_text()


@pytest.mark.parametrize("command", [["cfn-lint"], ["sam", "validate", "--lint", "--template-file"]], ids=lambda it: it[0])
def test_linter(command, tmp_path):
    # A home of its own and a closed door: neither an account nor the network may be what makes it pass.
    closed = {it: "http://127.0.0.1:9" for it in ("HTTP_PROXY", "HTTPS_PROXY")}
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_DEFAULT_REGION": "eu-central-1", "SAM_CLI_TELEMETRY": "0"} | closed
    done = subprocess.run([TOOLS / command[0], *command[1:], TEMPLATE], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_sam_builds_what_the_lambda_profile_says():
    # `sam build` passes --release and no profile; cargo-lambda adds thin LTO and stripping where the release profile is silent.
    cargo = tomllib.loads((TEMPLATE.parents[1] / "Cargo.toml").read_text())
    release, wanted = cargo["profile"]["release"], cargo["profile"]["lambda"]
    told = tomllib.loads("\n".join(cargo["workspace"]["metadata"]["lambda"]["build"]["config"]))["profile"]["release"]
    assert "lto" not in release and "strip" not in release and release["panic"] == "unwind"
    assert {"inherits": "release", "lto": "thin", "strip": True} | told == wanted
