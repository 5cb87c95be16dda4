"""Whatever happens to a good file: no traceback, a problem at the right place or valid settings, and no secret in any text."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from config import Examined
from config.problems import Report
from config.yaml_tree import parse
from tests.config.files import GOOD, examined, folder


@dataclass(frozen=True)
class Entry:
    """A key with its value in the block form of the good file; lines count from 1, ``last`` is included.

    ``around`` are the first lines of the blocks it stands in, from its own key up to the root.
    """

    first: int
    last: int
    column: int
    key: str
    is_scalar: bool
    around: tuple[int, ...]


def block_form() -> str:
    """The good file with every key on a line of its own."""
    tree = parse(GOOD.encode(), Report("good"))
    assert tree is not None
    return yaml.safe_dump(tree.data, sort_keys=False, width=10_000, allow_unicode=True)


def entries(node: Node, around: tuple[int, ...] = (1,)) -> Iterator[Entry]:
    if isinstance(node, SequenceNode):
        for item in node.value:
            yield from entries(item, (item.start_mark.line + 1, *around))
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            first = key.start_mark.line + 1
            last = value.end_mark.line + (1 if isinstance(value, ScalarNode) or value.flow_style else 0)
            here = (first, *around)
            yield Entry(first, max(first, last), key.start_mark.column, key.value, isinstance(value, ScalarNode), here)
            yield from entries(value, here)


TEXT = block_form()
LINES = TEXT.splitlines()
ROOT = yaml.compose(TEXT, Loader=yaml.SafeLoader)
assert ROOT is not None
ENTRIES = tuple(entries(ROOT))
anytime = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
VALUES = (
    "",
    "~",
    "17",
    "-1",
    "3.5",
    "true",
    "[]",
    "{}",
    "word",
    "[1, {a: b}]",
    "{a: [x]}",
    "''",
    "'${GONE}'",
    "2026-01-01",
)


def deleted(entry: Entry) -> str:
    kept = LINES[: entry.first - 1] + LINES[entry.last :]
    opened = LINES[entry.first - 1]
    if opened.lstrip().startswith("- ") and opened.index("- ") < entry.column:
        # The first key of a list item carries the dash; it moves to the next key, or an empty item stays.
        dash = " " * (entry.column - 2) + "- "
        follower = kept[entry.first - 1] if entry.first - 1 < len(kept) else ""
        if follower.startswith(" " * entry.column) and follower[entry.column : entry.column + 1] not in (" ", "-", ""):
            kept[entry.first - 1] = dash + follower[entry.column :]
        else:
            kept.insert(entry.first - 1, dash + "{}")
    return "\n".join(kept) + "\n"


def renamed(entry: Entry) -> str:
    changed = list(LINES)
    line = changed[entry.first - 1]
    changed[entry.first - 1] = line[: entry.column] + "x" + line[entry.column :]
    return "\n".join(changed) + "\n"


def retyped(entry: Entry, value: str) -> str:
    line = LINES[entry.first - 1]
    head = line[: line.index(":", entry.column) + 1]
    return "\n".join([*LINES[: entry.first - 1], f"{head} {value}", *LINES[entry.last :]]) + "\n"


def doubled(entry: Entry) -> str:
    copy = LINES[entry.first - 1 : entry.last]
    copy[0] = " " * entry.column + copy[0][entry.column :]
    return "\n".join([*LINES[: entry.last], *copy, *LINES[entry.last :]]) + "\n"


def examine_text(text: str | bytes) -> Examined:
    with tempfile.TemporaryDirectory() as name:
        result = examined(folder(Path(name)), text)
    shown = "\n".join(map(str, result.problems)) + repr(result.settings)
    assert "canary" not in shown
    assert (result.settings is None) == any(p.severity == "error" for p in result.problems)
    return result


def is_placed_right(result: Examined, entry: Entry) -> bool:
    """An error stands at the changed key or a block around it, or at a name that leads nowhere now."""
    errors = [p for p in result.problems if p.severity == "error"]
    return any(p.line in entry.around or "does not exist" in p.what for p in errors)


def test_the_block_form_is_good_and_has_every_key() -> None:
    assert examine_text(TEXT).settings is not None
    assert len(ENTRIES) > 60


@anytime
@given(st.sampled_from(ENTRIES))
def test_a_deleted_key(entry: Entry) -> None:
    result = examine_text(deleted(entry))
    if result.settings is None:
        assert is_placed_right(result, entry)


@anytime
@given(st.sampled_from(ENTRIES))
def test_a_renamed_key(entry: Entry) -> None:
    result = examine_text(renamed(entry))
    if result.settings is None:
        assert is_placed_right(result, entry)
        unknown = [p for p in result.problems if p.what.startswith(f"unknown key `x{entry.key}`")]
        assert all((p.line, p.column) == (entry.first, entry.column + 1) for p in unknown)


@anytime
@given(st.sampled_from(ENTRIES), st.sampled_from(VALUES))
def test_another_type(entry: Entry, value: str) -> None:
    result = examine_text(retyped(entry, value))
    if result.settings is None:
        assert is_placed_right(result, entry)


@anytime
@given(st.sampled_from(ENTRIES))
def test_a_doubled_key(entry: Entry) -> None:
    result = examine_text(doubled(entry))
    assert result.settings is None
    again = entry.last + 1
    assert [(p.line, p.column) for p in result.problems if "stands twice" in p.what][:1] == [(again, entry.column + 1)]


@anytime
@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.binary(max_size=12))
def test_any_damage(start: int, length: int, junk: bytes) -> None:
    raw = GOOD.encode()
    examine_text(raw[:start] + junk + raw[start + length :])


@anytime
@given(st.text(st.sampled_from("ab:{}[]-*&!|>'\"#%@`,? \n\t~<${\\0"), max_size=60))
def test_any_yaml_like_text(text: str) -> None:
    examine_text(text)


@pytest.mark.parametrize(
    "key",
    [
        "canary-literal-key",
        "canary",
        "canary: ",
        "canary: 7",
        "? canary",
        '"secret canary": x',
        "secret canary",
        "secret:canary",
    ],
)
def test_a_secret_where_a_key_should_stand_is_not_shown(key: str) -> None:
    result = examine_text(GOOD.replace("secret: canary-literal-key", key))
    (told,) = [p for p in result.problems if p.what.startswith("unknown key")]
    assert told.what == "unknown key in `tenants[0].accounts[0].keys[0]`"
    assert "known here: kid" in told.hint


def test_a_block_where_an_id_should_stand_is_not_shown() -> None:
    result = examine_text("version: 1\ntenants:\n  - id: [{secret: canary-literal-key}]\n    name: Demo\n")
    assert any(p.what.startswith("tenant `tenants[0]` has no account") for p in result.problems)


def test_a_word_without_a_value_is_not_shown_either() -> None:
    result = examine_text(GOOD.replace("data_dir: ./var", "canary: \ndata_dir: ./var"))
    assert "unknown key in `the file`" in [p.what for p in result.problems]
