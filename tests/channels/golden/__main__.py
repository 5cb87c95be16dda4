"""Write the snapshots anew and print what changed."""

from __future__ import annotations

import difflib
import sys

from tests.channels.golden import SNAPSHOTS, path_of, snapshot
from tests.contracts.channel_descriptors import MODULES, descriptor_of


def main() -> None:
    """Each channel whose folder has a descriptor, or only those named."""
    SNAPSHOTS.mkdir(exist_ok=True)
    for module in MODULES:
        descriptor = descriptor_of(module)
        if len(sys.argv) > 1 and descriptor.kind not in sys.argv[1:]:
            continue
        path = path_of(descriptor)
        before, after = path.read_text() if path.exists() else "", snapshot(descriptor)
        path.write_text(after)
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), path.name, path.name, lineterm="", n=1)
        print("\n".join(lines) or f"{path.name}: unchanged")


if __name__ == "__main__":
    main()
