"""Plugs found by folder, each loaded when its kind is asked for: a start pays only for those that the YAML names."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Protocol, TypeVar


class HasKind(Protocol):
    """What a folder offers: something with the word that names it in YAML."""

    @property
    def kind(self) -> str:
        """The word."""


PlugT = TypeVar("PlugT", bound=HasKind)


class FoundPlugs(Mapping[str, PlugT]):
    """The plugs of ``folders`` by kind, in that order; ``load`` imports a folder and returns what it offers.

    A kind is looked for in the folder of its name first.  Only a kind that is in none of the folders, and going through all
    kinds, load them all; then two of one kind raise ``ValueError``.
    """

    def __init__(self, folders: tuple[str, ...], load: Callable[[str], tuple[PlugT, ...]]) -> None:
        self._folders = folders
        self._load = cache(load)

    def __getitem__(self, kind: str) -> PlugT:
        for folder in sorted(self._folders, key=lambda name: name != kind):
            for plug in self._load(folder):
                if plug.kind == kind:
                    return plug
        raise KeyError(kind)

    def __iter__(self) -> Iterator[str]:
        kinds = [plug.kind for folder in self._folders for plug in self._load(folder)]
        if twice := {kind for kind in kinds if kinds.count(kind) > 1}:
            raise ValueError(f"two plugs call themselves {twice.pop()!r}")
        return iter(kinds)

    def __len__(self) -> int:
        return sum(len(self._load(folder)) for folder in self._folders)


def folders_of(package: ModuleType) -> tuple[str, ...]:
    """The folders of a package, by name, not imported."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.ispkg))
