"""Templates of a new channel: ``python -m tests.contracts.scaffold NAME`` (``make new-channel NAME=…``).

The result imports, is found by its folder, and fails the ChannelContract until somebody fills it in.
"""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
SUFFIX = ".template"
IMPORTS = re.compile(r"(?:^from \S+ import .+\n)+", re.MULTILINE)
NAME = re.compile(r"[a-z][a-z]{1,19}")


class NameTaken(ValueError):
    """There is such a folder already, or it cannot be a channel's name."""


def scaffold(name: str, *, root: Path = ROOT) -> list[Path]:
    """Write ``adapters/<name>`` and ``tests/channels/<name>`` below ``root``; the files written.  Overwrites nothing."""
    if not NAME.fullmatch(name) or name == "shared":
        raise NameTaken(f"{name!r} cannot be a channel's name: two to twenty small letters, please")
    places = {"adapter": root / "adapters" / name, "tests": root / "tests" / "channels" / name}
    for folder in places.values():
        if folder.exists():
            raise NameTaken(f"{folder.relative_to(root)} exists already")
    return [_write(template, folder, name) for kind, folder in places.items() for template in _templates(kind)]


def _templates(kind: str) -> list[Path]:
    return sorted((HERE / kind).glob(f"*{SUFFIX}"))


def _write(template: Path, folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / template.name.removesuffix(SUFFIX)
    text = template.read_text().replace("{{Name}}", name.capitalize()).replace("{{name}}", name)
    path.write_text(IMPORTS.sub(_sorted, text))
    return path


def _sorted(imports: re.Match[str]) -> str:
    """Import lines in the order of their modules, which depends on the new name."""
    return "".join(sorted(imports.group().splitlines(keepends=True), key=lambda line: line.split()[1]))
