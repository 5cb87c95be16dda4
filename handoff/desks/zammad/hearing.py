"""Zammad's webhook: proven and understood, without I/O (general knowledge of the preset payload, November 2026).

The signature covers the raw body and no time, so that an old call can be made again by whoever has seen it: entries have ids,
and a state is always read anew.
"""

from __future__ import annotations

from typing import Any

import msgspec

from core.errors import PayloadMalformed
from core.inbound import Ignored
from core.ports.channel import RawRequest
from core.ports.helpdesk import By, CaseTouched, EntryMade, Heard
from handoff.desks.zammad.payloads import ArticleWire, Push, UserWire
from handoff.desks.zammad.reading import agent_of, by_of, case_key, entry_of, is_public
from handoff.desks.zammad.settings import ZammadSettings
from handoff.kit.proof import check_hmac, header

SIGNATURE = "X-Hub-Signature"
PREFIX = "sha1="


class Hearing:
    """What one Zammad's webhook says."""

    def __init__(self, settings: ZammadSettings) -> None:
        self._settings = settings

    def verify(self, request: RawRequest) -> None:
        """By the signature over the raw body; ``SignatureInvalid``."""
        given = header(request, SIGNATURE)
        check_hmac(self._settings.secrets, given, request.body, prefix=PREFIX, algorithm="sha1")

    def parse(self, request: RawRequest, own_id: int | None) -> tuple[Heard, ...]:
        """What it means; ``own_id`` is our user, None while nobody knows."""
        push = _decoded(request.body)
        ticket = push.ticket or {}
        if not isinstance(ticket.get("id"), int):
            return (Ignored("no ticket"),)
        attribute = self._settings.key_attribute
        if attribute in ticket and case_key(ticket, attribute) is None:
            return (Ignored("not a case of ours"),)
        touched = CaseTouched(ref=str(ticket["id"]), key=case_key(ticket, attribute))
        article = _article(push.article)
        if article is None or own_id is None:
            return (touched,)
        if by_of(article, own_id) is By.OURS:
            return (Ignored("our own article"),)
        made = _made(str(ticket["id"]), article, own_id)
        return (touched,) if made is None else (made, touched)


def _made(ref: str, article: ArticleWire, own_id: int) -> EntryMade | None:
    """The whole entry when nothing of it is missing; what else an agent changed at the same time is read."""
    author = _user(article.created_by)
    is_whole = article.body is not None and bool(article.created_at) and is_public(article) is not None
    has_files = all(file.id is not None for file in article.attachments)
    is_agents = by_of(article, own_id) is By.AGENT and str(article.ticket_id) == ref
    if author is None or author.id != article.created_by_id or not (is_whole and has_files and is_agents):
        return None
    return EntryMade(ref=ref, entry=entry_of(article, own_id, agent_of(author)))


def _decoded(body: bytes) -> Push:
    try:
        return msgspec.json.decode(body, type=Push)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PayloadMalformed(f"This is no webhook of Zammad: {error}") from error


def _article(given: dict[str, Any] | None) -> ArticleWire | None:
    """The article, unless there is none or it has another shape than the preset payload: then the ticket is read."""
    try:
        return msgspec.convert(given, ArticleWire) if given else None
    except msgspec.ValidationError:
        return None


def _user(given: object) -> UserWire | None:
    try:
        return msgspec.convert(given, UserWire) if isinstance(given, dict) else None
    except msgspec.ValidationError:
        return None
