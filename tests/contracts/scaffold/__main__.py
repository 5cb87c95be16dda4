"""``python -m tests.contracts.scaffold NAME``: a new channel's folder, ready to be filled in."""

from __future__ import annotations

import sys

from tests.contracts.scaffold import ROOT, NameTaken, scaffold


def main(arguments: list[str]) -> int:
    """Write it and say what comes next."""
    if len(arguments) != 1:
        print("usage: make new-channel NAME=foo", file=sys.stderr)
        return 2
    (name,) = arguments
    try:
        written = scaffold(name)
    except NameTaken as error:
        print(error, file=sys.stderr)
        return 1
    print(*(path.relative_to(ROOT) for path in written), sep="\n")
    print(f"Next: .venv/bin/python -m pytest tests/contracts -k {name}    and fill in until it passes.")
    print(f"Then: gateway/lab/{name}.py, docs/channels/{name}.md, docs/configuration.md, make schema,")
    print("      .venv/bin/python -m adapters.matrix --write, .venv/bin/python -m tests.channels.golden")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
