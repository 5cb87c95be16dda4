"""Which of our messages a vendor means that names no conversation: the likely ones are asked, within bounds.

Runs while the vendor waits, and only for such reports as Slack's reactions in threads that this process did not write itself.
First the conversations of whoever reacted, by their index; then, where others may be meant, those that changed since the
message was sent, newest first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from core.domain import Head
from core.inbound import Sought
from core.ports.store import TenantStore

OWN: Final = 50
PAGE: Final = 200
MOST_PAGES: Final = 5
"""A thousand conversations; a thumb on an older answer of a busy company is not worth a longer search."""
LATE: Final = timedelta(hours=6)
"""A head changes when its message is committed, which an outage may put long before the sending."""


async def sought_message(
    store: TenantStore, account: str, vendor_ref: str, sought: Sought, *, page: int = PAGE
) -> tuple[str, str] | None:
    """The conversation and the message that a vendor's id belongs to."""
    tried: set[str] = set()
    own = await store.conversations_of((f"{account}|{sought.by}",), limit=OWN)
    found = await _among(store, _likely(own, account, sought, tried), vendor_ref)
    before: datetime | None = None
    for _ in range(MOST_PAGES):
        if found is not None or not sought.among_others:
            return found
        heads = await store.conversations(limit=page, before=before)
        found = await _among(store, _likely(heads, account, sought, tried), vendor_ref)
        if len(heads) < page or (sought.sent_at is not None and heads[-1].updated_at < sought.sent_at - LATE):
            break
        before = heads[-1].updated_at
    return found


def _likely(heads: Iterable[Head], account: str, sought: Sought, tried: set[str]) -> list[str]:
    """Conversations on the account at that place, each once."""
    likely = [
        head.conv
        for head in heads
        if head.account == account
        and head.conv not in tried
        and all(head.thread.get(name) == value for name, value in sought.within.items())
    ]
    tried.update(likely)
    return likely


async def _among(store: TenantStore, convs: Iterable[str], vendor_ref: str) -> tuple[str, str] | None:
    for conv in convs:
        message_id = await store.sent_message(conv, vendor_ref)
        if message_id is not None:
            return conv, message_id
    return None
