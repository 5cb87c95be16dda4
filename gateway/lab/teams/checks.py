"""What the connector refuses about a message's body: size, emptiness, cards, citations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.lab.teams.rooms import BODY_BYTES, MAX_CITATIONS, Refused
from gateway.lab.teams.shown import CARD

MAX_NAME: Final = 80
MAX_ABSTRACT: Final = 480
ACTIONS: Final = ("Action.Submit", "Action.Execute", "Action.OpenUrl", "Action.ShowCard", "Action.ToggleVisibility")
PICTURES: Final = ("image/png", "image/jpeg", "image/gif")


def check_size(body: bytes) -> None:
    """The whole body in UTF-16 is bounded."""
    try:
        units = len(body.decode().encode("utf-16-le"))
    except UnicodeDecodeError:
        raise Refused(400, "BadSyntax", "The body is not UTF-8.") from None
    if units > BODY_BYTES:
        raise Refused(413, "MessageSizeTooBig", "Message size too large.")


def check_message(activity: Mapping[str, Any]) -> None:
    """A message says something, and its attachments and entities are well formed."""
    attachments = activity.get("attachments") or []
    if not isinstance(attachments, list):
        raise Refused(400, "BadArgument", "attachments must be a list.")
    if not activity.get("text") and not attachments:
        raise Refused(400, "BadSyntax", "Activity must have text or attachments.")
    for item in attachments:
        _check_attachment(item)
    for entity in activity.get("entities") or ():
        if entity.get("type") == "https://schema.org/Message":
            _check_claims(entity)


def _check_attachment(item: Mapping[str, Any]) -> None:
    kind = item.get("contentType")
    if kind == CARD:
        _check_card(item.get("content") or {})
    elif kind not in PICTURES or not str(item.get("contentUrl", "")).startswith(("https://", "http://", "data:")):
        raise Refused(400, "BadArgument", f"Unsupported attachment {kind}.")


def _check_card(card: Mapping[str, Any]) -> None:
    if card.get("type") != "AdaptiveCard" or str(card.get("version")) > "1.5":
        raise Refused(400, "BadArgument", "The card is not an Adaptive Card of version 1.5 or older.")
    if not card.get("body") and not card.get("actions"):
        raise Refused(400, "BadArgument", "The card is empty.")
    for action in card.get("actions", ()):
        if action.get("type") not in ACTIONS or not action.get("title"):
            raise Refused(400, "BadArgument", "The card has an unknown action.")


def _check_claims(entity: Mapping[str, Any]) -> None:
    claims = entity.get("citation") or []
    positions = [claim.get("position") for claim in claims]
    if len(claims) > MAX_CITATIONS or len(set(positions)) != len(positions):
        raise Refused(400, "BadArgument", "Too many citations, or two in one position.")
    for claim in claims:
        shown = claim.get("appearance") or {}
        name, abstract = shown.get("name"), shown.get("abstract")
        if not name or not abstract or len(name) > MAX_NAME or len(abstract) > MAX_ABSTRACT:
            raise Refused(400, "BadArgument", "A citation needs a short name and a short abstract.")
