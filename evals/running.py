"""One suite from its first item to its last: predictions are written as they come, and a run that was broken off goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from evals.opened import Opened, SuiteProblem, named, rows
from evals.serving import ROOT

ROOMS = ("core", "kb_sync", "gateway", "config", "evals")
"""What a prediction may depend on: with another program it is made anew."""
SUFFIXES = frozenset({".py", ".json", ".npz", ".npy", ".txt"})

Row = Mapping[str, Any]
Predict = Callable[[Row], dict[str, Any]]
Predictor = Callable[[], AbstractContextManager[Predict]]
"""Opened once something has to be predicted: indexes are built and models trained there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of a suite; ``resumed`` predictions were there before, ``unknown`` are ids that the suite does not have."""

    predictions: Mapping[str, Row]
    path: Path
    resumed: int = 0
    unknown: tuple[str, ...] = ()


def program_digest() -> str:
    """Of the program's code and weights."""
    made = blake2b(digest_size=8)
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*")):
            if file.suffix in SUFFIXES and file.is_file() and not {"examples", "__pycache__"} & set(file.parts):
                made.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return made.hexdigest()


def run(
    suite: Opened, predictor: Predictor, path: Path, *, digest: str, resume: bool, on_item: Callable[[], None]
) -> Ran:
    """Predict every item into ``path``, one JSON line each, in the suite's order.

    With ``resume`` those that a run of the same ``digest`` has written are kept.  ``SuiteProblem``: the file is somebody else's.
    """
    made = blake2b(f"{suite.digest} {digest}".encode(), digest_size=8).hexdigest()
    known = _known(path, made, resume=resume)
    wanted = {str(item["id"]): item for item in suite.items}
    found = {name: row for name, row in known.items() if name in wanted}
    path.parent.mkdir(parents=True, exist_ok=True)
    _note(path).write_text(json.dumps({"suite": suite.name, "digest": made}) + "\n", encoding="utf-8")
    # Written anew: a run that was killed may have left half a line.
    path.write_text("".join(_line(row) for row in found.values()), encoding="utf-8")
    for _ in found:
        on_item()
    left = [item for name, item in wanted.items() if name not in found]
    resumed = len(found)
    if left:
        with path.open("a", encoding="utf-8") as file, predictor() as predict:
            for item in left:
                row = {"id": item["id"], **predict(item)}
                file.write(_line(row))
                file.flush()
                found[str(item["id"])] = row
                on_item()
    return Ran(predictions=found, path=path, resumed=resumed)


def read_predictions(suite: Opened, path: Path) -> Ran:
    """Predictions that something else has made, by id, or by text where a line has none; the last line of an id wins."""
    wanted = {str(item["id"]) for item in suite.items}
    by_text: dict[str, list[str]] = {}
    for item in suite.items:
        by_text.setdefault(str(item.get("text")), []).append(str(item["id"]))
    found: dict[str, Row] = {}
    unknown = []
    for number, row in enumerate(rows(path), 1):
        names = [str(row["id"])] if row.get("id") in wanted else []
        if "id" not in row and "text" in row:
            names = by_text.get(str(row["text"]), [])
        if not names:
            unknown.append(str(row.get("id", f"line {number}")))
        found.update(dict.fromkeys(names, row))
    return Ran(predictions=found, path=path, resumed=len(found), unknown=tuple(unknown))


def doubts(suite: Opened, ran: Ran) -> tuple[str, ...]:
    """What is odd about a suite or its predictions, counted and named."""
    missing = [str(item["id"]) for item in suite.items if item["id"] not in ran.predictions]
    told = list(suite.doubts)
    if ran.unknown:
        told.append(f"{len(ran.unknown)} predictions of items that the suite does not have: {named(ran.unknown)}")
    if missing:
        told.append(f"{len(missing)} items without a prediction, counted as wrong: {named(missing)}")
    return tuple(told)


def _known(path: Path, digest: str, *, resume: bool) -> dict[str, Row]:
    if not path.exists():
        return {}
    note = _note(path)
    if not note.exists():
        raise SuiteProblem(
            f"{path} was not written by this command and would be overwritten; move it, or score it:"
            f" frontdesk eval score SUITE_DIR {path}"
        )
    try:
        is_same = json.loads(note.read_text(encoding="utf-8")).get("digest") == digest
    except (ValueError, AttributeError):
        is_same = False
    if not is_same or not resume:
        return {}
    known: dict[str, Row] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            row = json.loads(line)
            known[row["id"]] = row
        except (ValueError, KeyError, TypeError):
            continue
    return known


def _note(path: Path) -> Path:
    return path.with_suffix(".run.json")


def _line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"
