"""Another model, another prompt: what a replay asks models under.  ``ValueError`` says what is wrong, and what there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from config import Models
from config.converse import Converse
from config.model_roles import ChatModel
from gateway.compose.offline import Offline

ROLES: Final = ("fast", "strong")
UNKNOWN: Final = {"input_price": 0.0, "output_price": 0.0}
"""What a model costs that stands nowhere in the file."""


def other_models(block: Models, *, model: str | None, endpoint: str | None) -> Models:
    """The block with every answering role on the model and endpoint asked for; what is None stays."""
    if model is None and endpoint is None:
        return block
    if model in ROLES and endpoint is None:
        choices: tuple[ChatModel, ...] = getattr(block.roles, str(model))
        if not choices:
            raise ValueError(f"the role `{model}` has no models")
        return _with(block, dict.fromkeys(ROLES, choices))
    if model is not None and endpoint is None and model.partition("/")[0] in block.endpoints:
        endpoint, _, model = model.partition("/")
    if endpoint is not None and endpoint not in block.endpoints:
        raise ValueError(f"no endpoint `{endpoint}`; there are: {', '.join(block.endpoints)}")
    if model is not None and (not model or len(model) > 200 or not model.isprintable() or " " in model):
        raise ValueError("--model: this cannot be the name of a model")
    roles = {role: tuple(_chosen(block, role, model, endpoint)) for role in ROLES}
    if not any(roles.values()):
        raise ValueError("no role answers customers: `roles` has neither `fast` nor `strong`")
    return _with(block, roles)


def _chosen(block: Models, role: str, model: str | None, endpoint: str | None) -> Iterator[ChatModel]:
    """The role's choices, moved; one that stands in the file somewhere keeps its own prices and abilities."""
    known = {(choice.endpoint, choice.model): choice for each in ROLES for choice in getattr(block.roles, each)}
    seen: set[tuple[str, str]] = set()
    for choice in getattr(block.roles, role):
        place = (endpoint or choice.endpoint, model or choice.model)
        if place not in seen:
            seen.add(place)
            moved = choice.model_copy(update={"endpoint": place[0], "model": place[1], **UNKNOWN})
            yield known.get(place, moved)


def _with(block: Models, roles: dict[str, tuple[ChatModel, ...]]) -> Models:
    return block.model_copy(update={"roles": block.roles.model_copy(update=roles)})


def other_words(of: Offline, *, prompt: str | None, voice: str | None) -> Offline:
    """The tenant's engine with other instructions or another voice."""
    given = {"instructions": prompt, "voice": voice}
    words = {name: _text(value) for name, value in given.items() if value is not None}
    try:
        Converse.model_validate(words)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"--{'prompt' if first['loc'][0] == 'instructions' else 'voice'}: {first['msg']}") from None
    asked = of.engine.converse
    changed = replace(
        asked, instructions=words.get("instructions", asked.instructions), voice=words.get("voice", asked.voice)
    )
    return replace(of, engine=replace(of.engine, converse=changed))


def _text(given: str) -> str:
    """The content of a file, or the text itself."""
    try:
        path = Path(given)
        return path.read_text(encoding="utf-8").strip() if path.is_file() else given
    except (OSError, ValueError):
        return given
