"""What a webhook of Notion says of pages (Notion API docs, "Webhooks", checked 2026-11).

Calls are signed with the subscription's verification token: ``X-Notion-Signature: sha256=`` and the HMAC of the raw body, in
hexadecimal digits.  They hold ids only; what a page says now is read through the API.
"""

from __future__ import annotations

import hmac
import os
import re
from pathlib import Path
from typing import Final

from core.errors import PayloadInvalid, SignatureInvalid
from core.ports.channel import RawRequest
from core.ports.knowledge import SourceNews
from core.wire import decode
from kb_sync.sources.notion.payloads import Event
from kb_sync.sources.notion.settings import NotionSettings, notion_id

GONE: Final = frozenset(("page.deleted",))
CHANGED: Final = frozenset(
    ("page.created", "page.content_updated", "page.properties_updated", "page.moved", "page.undeleted")
)
SIGNATURE: Final = "x-notion-signature"
TOKEN_FILE: Final = "verification_token"  # noqa: S105  the name of a file
TOKEN: Final = re.compile(r"secret_[A-Za-z0-9]{8,200}")


def hear(settings: NotionSettings, request: RawRequest, folder: Path) -> SourceNews:
    """The page that it is about.

    The first call of a subscription brings its token, unsigned.  Only while the settings have none it is kept, in the source's
    folder, for an admin to copy: Notion wants it back in its settings and we want it in ours.  ``SignatureInvalid`` for
    anything else that is not signed.
    """
    tokens = [token.get_secret_value() for token in settings.webhook_tokens]
    if not tokens:
        _keep_token(request, folder)
        return SourceNews()
    _verify(tokens, request)
    event = decode(request.body, Event)
    if event.entity.type != "page" or event.type not in GONE | CHANGED:
        return SourceNews()
    try:
        page = notion_id(event.entity.id)
    except ValueError:
        raise PayloadInvalid("This is not the id of a page.", field="/entity/id") from None
    return SourceNews(gone=(page,)) if event.type in GONE else SourceNews(changed=(page,))


def _verify(tokens: list[str], request: RawRequest) -> None:
    headers = {name.lower(): value for name, value in request.headers.items()}
    given = headers.get(SIGNATURE, "").encode("utf-8", "replace")
    if not given:
        raise SignatureInvalid("X-Notion-Signature is required.", cause="missing")
    wanted = [b"sha256=" + hmac.new(token.encode(), request.body, "sha256").hexdigest().encode() for token in tokens]
    if not any(hmac.compare_digest(each, given) for each in wanted):
        raise SignatureInvalid("The signature does not match.", cause="secret")


def _keep_token(request: RawRequest, folder: Path) -> None:
    event = decode(request.body, Event)
    if TOKEN.fullmatch(event.verification_token) is None:
        raise SignatureInvalid("This source takes no webhooks: it has no webhook_tokens.", cause="missing")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = folder / f"{TOKEN_FILE}.new"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(event.verification_token + "\n")
    fresh.replace(folder / TOKEN_FILE)
