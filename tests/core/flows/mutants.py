"""Deliberately broken copies of flows, each of which the tests must refuse: ``python -m tests.core.flows.mutants``.

A copy of the rooms and their tests is made in a temporary folder, one line is broken, the tests run there.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PARTS = ("core", "config", "tests/core/flows", "tests/config")
FILES = ("pyproject.toml", "tests/__init__.py", "tests/core/__init__.py")
TESTS = {
    "core/flows/answers.py": "tests/core/flows/test_answers.py",
    "core/flows/days.py": "tests/core/flows/test_answers.py",
    "core/flows/listening.py": "tests/core/flows/test_answers.py",
    "core/flows/values.py": "tests/core/flows/test_answers.py",
    "core/flows/places.py": "tests/core/flows/test_places.py",
    "core/flows/starting.py": "tests/core/flows/test_starting.py",
    "core/flows/branching.py": "tests/core/flows/test_moving.py",
    "core/flows/fitting.py": "tests/core/flows/test_moving.py",
    "core/flows/moving.py": "tests/core/flows/test_moving.py",
    "config/flow_graph.py": "tests/config/test_flows.py",
    "config/flow_problems.py": "tests/config/test_flows.py",
    "config/patterns.py": "tests/config/test_flows.py",
}
"""Which tests must notice that a file is broken."""

FAILED = 1
"""pytest's code for tests that ran and failed; a file that cannot even be imported proves nothing."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One broken line."""

    what: str
    file: str
    old: str
    new: str


MUTANTS = (
    Mutant("a flow lives for ever", "core/flows/moving.py", "state.started_at >= LIFE", "state.started_at >= LIFE * 99"),
    Mutant("one attempt too many", "core/flows/moving.py", "if state.attempts >= most", "if state.attempts > most"),
    Mutant("interruptions without end", "core/flows/moving.py", "state.interruptions + 1", "1"),
    Mutant("no means yes", "core/flows/moving.py", "confirm.yes if agreed else", "confirm.yes if True else"),
    Mutant("the whole result is kept", "core/flows/moving.py", "= kept(flow, part.into, gave.data)", "= dict(gave.data)"),
    Mutant("calls are not counted", "core/flows/moving.py", "state.calls >= MAX_CALLS", "state.calls >= 99"),
    Mutant("moves are not counted", "core/flows/moving.py", "heard=state.heard + 1, moves=0", "heard=0, moves=0"),
    Mutant("labels may mean stop", "core/flows/moving.py", "labelled(part.choices, text) is not None", "not text"),
    Mutant("stop is no answer to a call", "core/flows/moving.py", "isinstance(part, CallStep) or (", "("),
    Mutant("a prefilled answer for ever", "core/flows/moving.py", "if name != slot}", "}"),
    Mutant("values are not escaped", "core/flows/places.py", 'found[0][:-1] + "\\\\" + found[0][-1]', "found[0]"),
    Mutant("links are not escaped", "core/flows/places.py", r"|:(?=\S)", ""),
    Mutant("values without bound", "core/flows/places.py", "if len(line) <= MAX_SHOWN", "if line"),
    Mutant("a value inside a question counts", "core/flows/answers.py", "if is_bare else Asked()", "if found else Asked()"),
    Mutant("the first of two values", "core/flows/answers.py", "if len(found) != 1 or", "if not found or"),
    Mutant("bounds of dates are open", "core/flows/answers.py", "str(value) >= low", "str(value) > low"),
    Mutant("anybody may start", "core/flows/starting.py", "< LEVELS[flow.verification.value]", "< 0"),
    Mutant("negations do not count", "core/flows/starting.py", "(is_turned and not wanted", "(not told and not wanted"),
    Mutant("questions start flows", "core/flows/starting.py", "if not stated and not wanted.is_asking else", "if not said else"),
    Mutant("another question gets the yes", "core/flows/fitting.py", "state.waits != waiting_at(flow, state.step)", "False"),
    Mutant("missing values do not matter", "core/flows/fitting.py", "not unfilled(flow", "bool(flow) or not unfilled(flow"),
    Mutant("yes, but …", "core/flows/listening.py", "if agrees(text):", "if said[0] in _YES:"),
    Mutant("true is 1", "core/flows/branching.py", "return value is wanted", "return value == wanted"),
    Mutant("at least is more than", "core/flows/branching.py", "LEVELS[value] >= LEVELS[bound]", "LEVELS[value] > LEVELS[bound]"),
    Mutant("4/5 is the fourth of May", "core/flows/days.py", "if day <= 12 and month <= 12:", "if day > 31:"),
    Mutant("1.500 is 1.5 everywhere", "core/entities/numerals.py", 'grouping = "," if', 'grouping = "," if True or'),
    Mutant("filled on one way suffices", "config/flow_graph.py", "known[way.target] & arriving", "known[way.target] | arriving"),
    Mutant("a denied call has a result", "config/flow_graph.py", 'if outcome == "done" else None', "if outcome else None"),
    Mutant("nested repeats are fine", "config/patterns.py", "if most > 1 and self._closed", "if most > 999 and self._closed"),
    Mutant("unknown steps are fine", "config/flow_problems.py", "if way.target not in graph:\n", "if not way.target:\n"),
)  # fmt: skip


def broken(mutant: Mutant, root: Path = ROOT) -> str:
    """The text of the broken file."""
    text = (root / mutant.file).read_text()
    if mutant.old not in text:
        raise ValueError(f"{mutant.what}: {mutant.file} has no {mutant.old!r}")
    return text.replace(mutant.old, mutant.new, 1)


def is_caught(mutant: Mutant, folder: Path) -> bool:
    """Whether the tests fail with it."""
    file = folder / mutant.file
    whole = file.read_text()
    file.write_text(broken(mutant, folder))
    try:
        return _run(folder, TESTS[mutant.file]) == FAILED
    finally:
        file.write_text(whole)


def _run(folder: Path, *tests: str) -> int:
    arguments = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header", *tests]
    return subprocess.run(arguments, cwd=folder, capture_output=True, check=False, timeout=300).returncode


def main() -> int:
    """Every mutant in turn; the number that got away."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in PARTS:
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "var"))
        shutil.copytree(ROOT / "docs", folder / "docs")
        for file in FILES:
            shutil.copy(ROOT / file, folder / file)
        if _run(folder, *sorted(set(TESTS.values()))) != 0:
            print("the tests fail without any mutant")
            return 1
        missed = [mutant.what for mutant in MUTANTS if not is_caught(mutant, folder)]
    print(f"{len(MUTANTS) - len(missed)} of {len(MUTANTS)} caught; got away: {missed or 'none'}")
    return len(missed)


if __name__ == "__main__":
    sys.exit(main())
