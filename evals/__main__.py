"""``python -m evals``: ``frontdesk eval`` on all dev suites and the golden questions; options and suites may follow.

The suites are the folders with a ``suite.yaml`` in ``data/`` of $FRONTDESK_SHARED, or of ``shared`` beside the checkout.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from evals.command import Asked, run
from evals.serving import ROOT
from gateway import logs

GOLDEN = ROOT / "evals" / "golden"


def dev_suites() -> tuple[list[Path], list[str]]:
    """The golden questions and the dev suites there are, and why there are no more."""
    data = Path(os.environ.get("FRONTDESK_SHARED", ROOT.parent / "shared")) / "data"
    found = sorted(file.parent for file in data.glob("*/suite.yaml"))
    why = f"all dev suites: there are none in {data}; set FRONTDESK_SHARED to the folder that holds data/"
    return [GOLDEN, *found], [] if found else [why]


def main() -> int:
    """Run them; the exit code is that of ``frontdesk eval``."""
    parser = argparse.ArgumentParser(prog="evals", description=__doc__)
    parser.add_argument("suites", nargs="*", type=Path, help="suites; all dev suites when none is named")
    parser.add_argument("--report", type=Path, default=Path("var") / "evals" / "report", help="folder of the report")
    parser.add_argument("--embedder", help="static, none, or the folder of an ONNX model")
    parser.add_argument("--gates", type=Path, help="another file of gates")
    parser.add_argument("--fresh", action="store_true", help="predict everything anew")
    told = parser.parse_args()
    logs.configure(level="error")
    suites, skips = (told.suites, []) if told.suites else dev_suites()
    asked = Asked(suites=suites, report=told.report, embedder=told.embedder, resume=not told.fresh, skips=skips)
    if told.gates:
        asked = replace(asked, gates=told.gates)
    return run(asked, Console(), Console(stderr=True))


if __name__ == "__main__":
    sys.exit(main())
