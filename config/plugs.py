"""What every block is made of, and blocks whose further keys belong to a plug: a channel, a desk, a knowledge source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
"""Ids appear in URLs, file names and logs."""


class Part(BaseModel):
    """Base of every block: frozen, knows its keys, never shows input."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugs:
    """The settings models of every plug, by the word that names it in YAML; made by ``gateway.compose.plugs``."""

    channels: Mapping[str, type[BaseModel]]
    desks: Mapping[str, type[BaseModel]]
    sources: Mapping[str, type[BaseModel]]


def plugs_of(info: ValidationInfo) -> Plugs:
    """The loader hands the plugs in; blocks of plugs cannot be checked without."""
    plugs: Plugs = (info.context or {})["plugs"]
    return plugs


class Block(Part):
    """A block whose further keys belong to a plug, chosen by ``word``; they land, checked, in ``settings``."""

    word: ClassVar[Literal["channel", "kind"]]
    group: ClassVar[Literal["channels", "desks", "sources"]]
    own: ClassVar[tuple[str, ...]]

    @classmethod
    def models(cls, plugs: Plugs) -> Mapping[str, type[BaseModel]]:
        """The plug models of this sort of block, by kind."""
        return {"channels": plugs.channels, "desks": plugs.desks, "sources": plugs.sources}[cls.group]

    @model_validator(mode="before")
    @classmethod
    def _split(cls, block: Any) -> Any:
        """Put the plug's keys under ``settings``."""
        if not isinstance(block, dict):
            return block
        theirs = {key: value for key, value in block.items() if key not in cls.own}
        return {**{key: block[key] for key in cls.own if key in block}, "settings": theirs}

    @field_validator("channel", "kind", mode="after", check_fields=False)
    @classmethod
    def _known(cls, kind: str, info: ValidationInfo) -> str:
        if kind not in cls.models(plugs_of(info)):
            raise ValueError("unknown")
        return kind

    @field_validator("settings", mode="wrap", check_fields=False)
    @classmethod
    def _by_plug(cls, block: Any, _handler: Any, info: ValidationInfo) -> BaseModel:
        """Check the plug's keys with its model; an unknown kind was reported already."""
        model = cls.models(plugs_of(info)).get(info.data.get(cls.word, ""))
        return model.model_validate(block, context=info.context) if model else Part()
