"""Experiments and rollout: mirror core.experiments and core.rollout; a variant sets some of what the engine block sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self, TypeVar

import msgspec
from pydantic import Field, StringConstraints, create_model, model_validator

from config.engine import Engine
from config.parts import EnginePart, LanguageCode, Share, Word

OVERRIDABLE: Final = (
    "history",
    "passages",
    "answer.words",
    "answer.passages",
    "answer.list_items",
    "converse.voice",
    "converse.instructions",
    "converse.formality",
    "converse.strict",
    "converse.rewrite",
    "converse.passages",
    "converse.passage_chars",
    "converse.tokens",
    "converse.strong_from",
    "converse.patience_s",
    "converse.summary_every",
    "converse.cache.enabled",
    "converse.cache.similarity",
    "converse.fast_path.enabled",
    "converse.fast_path.confidence",
    "converse.fast_path.margin",
    "converse.fast_path.coverage",
)
"""The settings a variant may have of its own; the same as ``core.experiments.OVERRIDABLE``."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Salt = Annotated[str, StringConstraints(max_length=120)]
Target = TypeVar("Target")


def _only(model: type[Any], paths: Iterable[str], name: str) -> type[EnginePart]:
    """A model with only the settings of ``paths``, each with the bounds and words it has in ``model``."""
    below: dict[str, list[str]] = {}
    for path in paths:
        head, _, rest = path.partition(".")
        if head in model.model_fields:
            below.setdefault(head, []).extend([rest] if rest else [])
    fields: dict[str, Any] = {}
    for key, rests in below.items():
        info = model.model_fields[key]
        if rests:
            inner = _only(info.annotation, rests, f"{name}{key.title().replace('_', '')}")
            fields[key] = (inner, Field(default=inner()))
        else:
            fields[key] = (info.annotation, info)
    made: type[EnginePart] = create_model(name, __base__=EnginePart, __doc__=model.__doc__, **fields)
    made.described_by = model
    return made


if TYPE_CHECKING:

    class Overrides(EnginePart):
        """The settings of a variant."""

else:
    Overrides = _only(Engine, OVERRIDABLE, "Overrides")


class Segment(EnginePart):
    """A group of contacts; all that is given must hold, and an empty one holds everybody."""

    languages: tuple[LanguageCode, ...] = ()
    """Conversations in one of these languages."""
    channels: tuple[Word, ...] = ()
    """Contacts who write on one of these channels."""
    verified: bool | None = None
    """Only verified contacts (true), or only others (false)."""
    customer_accounts: tuple[Word, ...] = ()
    """Verified contacts of these customer accounts."""


class Variant(EnginePart):
    """One way of answering."""

    weight: Annotated[float, Field(ge=0, le=1_000_000)] = 1.0
    """Its share beside the other variants' weights; 0: nobody."""
    overrides: Overrides = Overrides()
    """Settings of `engine` that differ; left out: none, to compare the others with."""


class Experiment(EnginePart):
    """Variants of the engine's settings, each tried on its share of the conversations."""

    id: Slug
    """Name in receipts and metrics; a new one draws all lots anew."""
    share: Share = 1.0
    """How many of the conversations take part, from 0 to 1."""
    variants: Annotated[dict[Slug, Variant], Field(min_length=1, max_length=20)]
    """The variants by name."""
    segment: Segment = Segment()
    """Whose conversations; left out: everybody's."""
    starts_on: date | None = None
    """First day (UTC); left out: at once."""
    ends_on: date | None = None
    """Last day (UTC); left out: until it is removed."""
    salt: Salt = ""
    """Another text draws the lots anew."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if not any(variant.weight for variant in self.variants.values()):
            raise ValueError("needs a variant with a weight above 0")
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValueError("must not end before it starts: `ends_on` is earlier than `starts_on`")
        return self


class Rollout(EnginePart):
    """Whom the bot serves; everybody else is handed to people at once."""

    share: Share = 1.0
    """How many of the contacts of the segment, from 0 to 1; everybody keeps their lot."""
    segment: Segment = Segment()
    """Which contacts; left out: all."""
    when: Literal["always", "closed"] = "always"
    """always, or only while the desk is closed."""
    salt: Salt = ""
    """Another text draws the lots anew."""


class Rollouts(EnginePart):
    """Whom the bot serves, and on which accounts it is otherwise."""

    default: Rollout = Rollout()
    """For every account that is not listed below."""
    by_account: dict[Slug, Rollout] = Field(default_factory=dict)
    """Rollouts by account id; each stands for itself and takes nothing from `default`."""


def convert_experiments(blocks: Sequence[Experiment], into: type[Target]) -> tuple[Target, ...]:
    """The blocks as core's own frozen values (``core.experiments.Experiment``); of overrides, only those that are given."""
    return tuple(msgspec.convert(_plain(block), into) for block in blocks)


def _plain(block: Experiment) -> dict[str, Any]:
    variants = {
        name: {"weight": variant.weight, "overrides": variant.overrides.model_dump(exclude_unset=True)}
        for name, variant in block.variants.items()
    }
    return {**block.model_dump(exclude={"variants"}), "variants": variants}


def convert_rollouts(block: Rollouts, into: type[Target]) -> Target:
    """The block as core's own frozen value (``core.rollout.Rollouts``)."""
    return msgspec.convert(block.model_dump(), into)
