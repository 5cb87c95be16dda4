"""What a webhook of Zendesk says of articles; pure.

An event says which article to look at and whether it was taken away.  It is believed when it takes away, because the article is
read again afterwards; what it says of the text is not read at all.
"""

from __future__ import annotations

from typing import Final

from core.errors import PayloadInvalid
from core.ports.channel import RawRequest
from core.ports.knowledge import SourceNews
from core.vendors import zendesk
from core.wire import decode
from kb_sync.sources.zendesk_guide.settings import ZendeskGuideSettings
from kb_sync.sources.zendesk_guide.wire import Pushed

ARTICLE: Final = "zen:event-type:article."
GONE: Final = ("unpublished", "archived", "deleted")
"""Zendesk documents ``unpublished`` (webhook event types, November 2026); the others would mean the same."""

IDLE: Final = ("comment_", "vote_", "subscription_", "author_")
"""Events about an article that leave its text as it is."""

MAX_ID_DIGITS: Final = 19


def hear(settings: ZendeskGuideSettings, request: RawRequest) -> SourceNews:
    """The article that it is about; ``SignatureInvalid`` unless Zendesk signed it, ``PayloadInvalid`` without an id."""
    zendesk.verify((secret.get_secret_value() for secret in settings.signing_secrets), request)
    if not request.body.strip():
        return SourceNews()
    pushed = decode(request.body, Pushed)
    what = pushed.type.removeprefix(ARTICLE)
    if what == pushed.type or what.startswith(IDLE):
        return SourceNews()
    number = pushed.detail.id if pushed.detail is not None else None
    if number is None or not number.isascii() or not number.isdigit() or len(number) > MAX_ID_DIGITS:
        raise PayloadInvalid("This is not the id of an article.", field="/detail/id")
    return SourceNews(gone=(number,)) if what in GONE else SourceNews(changed=(number,))
