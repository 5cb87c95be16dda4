"""The intents that ship: what people ask of support teams everywhere, in seven languages; an operator's own replace them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.errors import EmbedderUnavailable
from core.ports.embedding import Embedder

if TYPE_CHECKING:
    from core.intents.model import IntentModel

EXAMPLES: Final = "builtin.json"
MODEL: Final = "builtin.npz"


@cache
def _stored() -> Mapping[str, Mapping[str, Sequence[str]]]:
    loaded: Mapping[str, Mapping[str, Sequence[str]]] = json.loads(
        files(__package__).joinpath(EXAMPLES).read_text(encoding="utf-8")
    )
    return loaded


def names() -> tuple[str, ...]:
    """The built-in intents, in the order of the file."""
    return tuple(_stored())


def examples() -> dict[str, tuple[str, ...]]:
    """Intent → its examples in all languages."""
    return {
        name: tuple(text for said in by_language.values() for text in said) for name, by_language in _stored().items()
    }


def together(own: Mapping[str, Sequence[str]], *, with_builtin: bool = True) -> dict[str, tuple[str, ...]]:
    """The built-in intents and the operator's, which replace those of the same name."""
    return {**(examples() if with_builtin else {}), **{name: tuple(said) for name, said in own.items()}}


def ready(
    folder: Path,
    own: Mapping[str, Sequence[str]],
    embedder: Embedder | None,
    *,
    with_builtin: bool = True,
    thresholds: Mapping[str, float] | None = None,
) -> IntentModel:
    """The model of a tenant; for a worker thread, since it may have to be trained.

    With the shipped embedder and no intents of one's own it is the shipped model, loaded in milliseconds.  While the embedder
    cannot be had it is one of words alone.
    """
    from core.intents.keeping import IntentsDamaged, fitted, load  # noqa: PLC0415  the names alone need no numbers

    if with_builtin and not own and embedder is not None:
        try:
            return load(Path(__file__).with_name(MODEL), embedder, thresholds=thresholds)
        except (EmbedderUnavailable, IntentsDamaged):
            pass  # made with another embedder
    every = together(own, with_builtin=with_builtin)
    try:
        return fitted(folder, every, embedder, thresholds=thresholds)
    except EmbedderUnavailable:
        return fitted(folder, every, None, thresholds=thresholds)
