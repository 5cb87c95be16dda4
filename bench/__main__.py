"""``python -m bench [NAME …]``: measure, compare with the targets, exit 1 when one is missed."""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

from bench.figures import Figure, show

NAMES = (
    "start",
    "accept",
    "backlog",
    "channels",
    "turns",
    "engine",
    "embed",
    "search",
    "sync",
    "model",
    "desk",
    "crowd",
    "idle",
    "mongodb",
)

OF_CAPACITY = {
    "whole turn, null answerer": "turns_per_s",
    "turn's own work, median": "engine_ms",
    "idle stream": "stream_kib",
}
"""Figures that ``frontdesk capacity --figures`` reads, and what it calls them."""


def main() -> int:
    """Run the named benchmarks, each in a folder of its own."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help=f"which ones (default: {' '.join(NAMES)})")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each figure (default 3)")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a load in one round (default 2)")
    parser.add_argument("--documents", type=int, help="documents of the sync benchmark (default 50 000)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write figures for `frontdesk capacity --figures`")
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        print("wrk is needed for the load. On Debian or Ubuntu: apt-get install wrk")
        return 3
    figures: list[Figure] = []
    for name in arguments.names or NAMES:
        print(f"measuring {name} ...", flush=True)
        with tempfile.TemporaryDirectory(prefix="frontdesk-bench-") as folder:
            module = importlib.import_module(f"bench.{name}")
            sized = {"documents": arguments.documents} if name == "sync" and arguments.documents else {}
            figures += module.run(arguments.rounds, arguments.seconds, Path(folder), **sized)
    show(figures)
    if arguments.write is not None:
        known = {OF_CAPACITY[figure.name]: figure.value for figure in figures if figure.name in OF_CAPACITY}
        arguments.write.write_text(json.dumps(known, indent=2) + "\n")
    return 0 if all(figure.is_met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
