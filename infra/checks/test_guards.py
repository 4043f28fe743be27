"""Every guard that `infra/simulation/guards.py` takes away must still stand where it says."""

import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY / "infra/simulation"))

from guards import GUARDS, switchable  # noqa: E402

SOURCES = {path: (REPOSITORY / path).read_bytes() for path in {path for _, path, _, _ in GUARDS.values()} | {"shared/core/src/lib.rs"}}


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_is_found(name: str) -> None:
    assert f'off("{name}")' in switchable(SOURCES, [name])[GUARDS[name][1]].decode()


def test_all_can_be_switched_at_once() -> None:
    switchable(SOURCES, list(GUARDS))
