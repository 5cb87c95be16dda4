"""Plugs are loaded when their kind is asked for, and two of one kind are told."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from core.plugs import FoundPlugs


@dataclass(frozen=True)
class Plug:
    kind: str


class Folders:
    """Some folders, and which of them were loaded."""

    def __init__(self, **offered: tuple[str, ...]) -> None:
        self.offered = offered
        self.loaded: list[str] = []
        self.plugs = FoundPlugs(tuple(offered), self._load)

    def _load(self, folder: str) -> tuple[Plug, ...]:
        self.loaded.append(folder)
        return tuple(Plug(kind) for kind in self.offered[folder])


def test_a_kind_loads_the_folder_of_its_name_and_no_other() -> None:
    folders = Folders(chat=("chat",), phone=("sms", "voice"), web=("web",))
    assert folders.loaded == []
    assert folders.plugs["web"] is folders.plugs["web"]
    assert folders.loaded == ["web"]


def test_a_kind_without_a_folder_of_its_name_is_looked_for() -> None:
    folders = Folders(chat=("chat",), phone=("sms", "voice"), web=("web",))
    assert folders.plugs["voice"] == Plug("voice")
    assert folders.loaded == ["chat", "phone"]


def test_going_through_them_gives_all_in_order() -> None:
    folders = Folders(chat=("chat",), phone=("sms", "voice"), web=("web",))
    assert "fax" not in folders.plugs
    assert list(folders.plugs) == ["chat", "sms", "voice", "web"]
    assert len(folders.plugs) == 4
    assert folders.loaded == ["chat", "phone", "web"]


def test_two_of_one_kind_are_told() -> None:
    with pytest.raises(ValueError, match="two plugs call themselves 'chat'"):
        list(Folders(chat=("chat",), talk=("chat",)).plugs)
