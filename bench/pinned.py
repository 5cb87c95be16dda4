"""Run a measuring function of this package in a fresh process on one core, and read its JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from bench.load import PIN


def measure(module: str, *arguments: str) -> dict[str, Any]:
    """What ``python -m MODULE ARGUMENTS`` prints as its last line."""
    command = [*PIN, sys.executable, "-m", module, *arguments]
    out = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if out.returncode != 0:
        raise RuntimeError(f"{module} failed:\n{out.stdout[-2000:]}{out.stderr[-4000:]}")
    result: dict[str, Any] = json.loads(out.stdout.strip().splitlines()[-1])
    return result
