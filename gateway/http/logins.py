"""Which logins ended before their time: durable in the store, so that it counts at every replica and after a restart."""

from __future__ import annotations

from collections import OrderedDict
from time import monotonic
from typing import Final

from aiohttp import web

from core.ports.store import TenantStore

MAX_REMEMBERED: Final = 20_000
REMEMBER_S: Final = 60.0
"""Another replica's logout is noticed after this long at the latest; our own at once."""

VISITORS: Final = "web-login-ended:"
AGENTS: Final = "desk-login-ended|"
"""What the claim of an ended login is named; those of agents run out within a day and are forgotten (core/claim_days.py)."""


class Logins:
    """Ended logins whose claims begin with ``prefix``; what the store said is remembered here for a minute."""

    def __init__(self, prefix: str = VISITORS) -> None:
        self._prefix = prefix
        self._known: OrderedDict[str, tuple[bool, float]] = OrderedDict()

    async def is_over(self, store: TenantStore, login: str) -> bool:
        """Whether a login was ended."""
        known = self._known.get(login)
        if known is not None and (known[0] or monotonic() - known[1] < REMEMBER_S):
            return known[0]
        is_over = await store.claimed(self._prefix + login) is not None
        self._remember(login, is_over)
        return is_over

    async def end(self, store: TenantStore, login: str) -> None:
        """End a login for good: all its tokens, the renewed ones too."""
        await store.claim(self._prefix + login, "ended")
        self._remember(login, True)

    def _remember(self, login: str, is_over: bool) -> None:
        self._known.pop(login, None)
        self._known[login] = (is_over, monotonic())
        if len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)


LOGINS: web.AppKey[Logins] = web.AppKey("frontdesk_logins", Logins)
