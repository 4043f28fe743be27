"""What `sam build` is told of the profile must be the profile that `infra/sizes.sh` measures."""

import tomllib
from pathlib import Path

MANIFEST = tomllib.loads((Path(__file__).parents[2] / "Cargo.toml").read_text())
# cargo-lambda does these by itself, or they are the defaults.
UNSAID = {"inherits", "lto", "strip"}


def said(profile: dict, prefix: str = "") -> set[str]:
    lines = set()
    for key, value in profile.items():
        if isinstance(value, dict):
            lines |= said(value, f"{prefix}{key}.")
        elif key not in UNSAID:
            lines.add(f"{prefix}{key}={value!r}")
    return lines


def test_sam_builds_what_is_measured() -> None:
    told = {line.removeprefix("profile.release.") for line in MANIFEST["workspace"]["metadata"]["lambda"]["build"]["config"]}
    assert told == said(MANIFEST["profile"]["lambda"])


def test_nothing_inherited_from_the_local_profile_is_left() -> None:
    """A profile that inherits takes over its parent's settings of packages, which were made for quick builds."""
    quick = MANIFEST["profile"]["release"].get("package", {})
    assert quick and quick.keys() <= MANIFEST["profile"]["lambda"]["package"].keys()
