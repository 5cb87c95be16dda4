"""The feature matrix in the docs is what the plugs declare today (that they declare the truth is the contract's matter)."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from adapters.discovery import channel_plugins
from adapters.matrix import PAGE, ROWS, matrix, written
from core.ports.channel import Capabilities, Choices, Receipts

PLUGINS = tuple(channel_plugins().values())
UNSAID = {"edit_window_s"}
"""None means both "for ever" and "never", so it is not printed."""


def test_the_page_is_current() -> None:
    page = PAGE.read_text()
    assert written(page, PLUGINS) == page, "run: .venv/bin/python -m adapters.matrix --write"


def test_every_capability_has_its_row() -> None:
    said = {name for _, _, names, _ in ROWS for name in names}
    assert said == {item.name for item in fields(Capabilities)} - UNSAID


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1])
def test_a_row_follows_its_fields(row: tuple[object, ...]) -> None:
    names, say = row[2], row[3]
    assert isinstance(names, tuple) and callable(say)
    plain = Capabilities(max_text=100, max_choices=3, max_attachments=0, debounce_ms=0, streams=True)
    for name in names:
        changes: dict[str, Any] = {name: _other(getattr(plain, name))}
        assert say(plain) != say(replace(plain, **changes))


def _other(value: object) -> object:
    match value:
        case bool():
            return not value
        case Choices():
            return Choices.NUMBERS
        case Receipts():
            return Receipts.READ
        case _:
            return 7_200


def test_every_channel_has_its_column() -> None:
    first = matrix(PLUGINS).split("\n", 1)[0]
    assert first.count("|") == len(PLUGINS) + 2
    assert [cell.strip("[ ").partition("]")[0].strip() for cell in first.split("|")[2:-1]] == [
        plugin.kind for plugin in PLUGINS
    ]
