"""Programs of other packages that these tests run, where they are here."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
DEPLOY: Final = ROOT / "deploy"
MEND: Final = "run tests/deploy/install.sh"


def program(name: str) -> str:
    """Where a program is; without it the test is skipped, and fails in CI."""
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin")))
    if found is None:
        reason = f"no {name} here: {MEND}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found
