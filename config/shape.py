"""What the models expect at a place: which keys a block has, and which values are secrets, paths or numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

from config.describing import described
from config.plugs import Block, Plugs

Types = tuple[Any, ...]
"""The alternatives a value may have; empty: unknown."""

LISTS: Final = frozenset((list, tuple, set, frozenset))


def alternatives(annotation: Any) -> Types:
    """The types of an annotation, without Annotated, unions and None."""
    if hasattr(annotation, "__value__"):  # a named alias of types
        return alternatives(annotation.__value__)
    origin = get_origin(annotation)
    if origin is Annotated:
        return alternatives(get_args(annotation)[0])
    if origin is Union or origin is UnionType:
        return tuple(t for part in get_args(annotation) for t in alternatives(part))
    return () if annotation in (NoneType, None, Any) else (annotation,)


def is_secret(types: Types) -> bool:
    """Whether a value here must never be printed."""
    return any(t in (SecretStr, SecretBytes) for t in types)


def is_path(types: Types) -> bool:
    """Whether a value here is a file or folder."""
    return any(isinstance(t, type) and issubclass(t, Path) for t in types)


def is_number(types: Types) -> bool:
    """Whether a value here is a number and ``true`` would be a mistake (Python takes it for 1)."""
    return any(t in (int, float) for t in types) and bool not in types


def blocks(types: Types) -> tuple[type[Block], ...]:
    """The sorts of block a value here may be."""
    return tuple(t for t in types if isinstance(t, type) and issubclass(t, Block))


def _meant(models: list[type[BaseModel]], value: Any) -> list[type[BaseModel]]:
    """Of several models that tell themselves apart by ``kind``, the one that the value names."""
    kind = value.get("kind") if isinstance(value, dict) else None
    named = [
        model
        for model in models
        if "kind" in model.model_fields
        and get_origin(model.model_fields["kind"].annotation) is Literal
        and kind in get_args(model.model_fields["kind"].annotation)
    ]
    return named or models


class Shape:
    """Reads the models, those of the plugs included."""

    def __init__(self, plugs: Plugs) -> None:
        self._plugs = plugs

    def kinds(self, block: type[Block]) -> tuple[str, ...]:
        """The plugs of this sort of block."""
        return tuple(sorted(block.models(self._plugs)))

    def fields(self, types: Types, value: Any) -> Mapping[str, FieldInfo] | None:
        """The keys a block may have here, given its present ``value``; None when keys are free or not known."""
        found: dict[str, FieldInfo] = {}
        models = _meant([t for t in types if isinstance(t, type) and issubclass(t, BaseModel)], value)
        for model in models:
            found.update(self._of(model, value))
        return found if models else None

    def about(self, types: Types, value: Any, key: str) -> str:
        """What a key means here; empty when nothing says so."""
        field = (self.fields(types, value) or {}).get(key)
        if field is None or field.description:
            return (field.description if field else None) or ""
        models = (t for t in types if isinstance(t, type) and issubclass(t, BaseModel))
        return next((text for model in models if (text := described(model).get(key))), "")

    def child(self, types: Types, value: Any, key: str | int) -> Types:
        """What is expected at ``key`` of a ``value`` for which ``types`` are expected."""
        return tuple(t for annotation in self._annotations(types, value, key) for t in alternatives(annotation))

    def _annotations(self, types: Types, value: Any, key: str | int) -> Iterator[Any]:
        fields = self.fields(types, value) or {}
        if key in fields:
            yield fields[str(key)].annotation
        for t in types:
            origin: Any = get_origin(t)
            arguments = get_args(t)
            if origin in LISTS and isinstance(key, int) and arguments:
                yield arguments[0]
            elif origin in (dict, Mapping) and isinstance(key, str) and len(arguments) == 2:
                yield arguments[1]

    def _of(self, model: type[BaseModel], value: Any) -> dict[str, FieldInfo]:
        if not issubclass(model, Block):
            return {field.alias or name: field for name, field in model.model_fields.items()}
        own = {name: model.model_fields[name] for name in model.own}
        kind = value.get(model.word) if isinstance(value, dict) else None
        plug = model.models(self._plugs).get(kind) if isinstance(kind, str) else None
        return {**(self._of(plug, value) if plug else {}), **own}
