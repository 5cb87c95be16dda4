"""The stand-in: a database, a key, faults and what was asked."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from gateway.lab.shop.database import amount
from gateway.lab.shop.door import Door
from gateway.lab.shop.seed import seeded
from gateway.lab.shop.troubles import ShopTroubles
from gateway.lab.vendor import Watch

KEY: Final = "lab-shop-key"
KEPT_CALLS: Final = 1_000


class ShopLab:
    """The demo company's shop."""

    kind = "shop"

    def __init__(self, *, key: str = KEY, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.key = key
        self.database = seeded(now)
        self.troubles = ShopTroubles()
        self.calls: deque[str] = deque(maxlen=KEPT_CALLS)
        self.watch = Watch()

    def app(self) -> web.Application:
        """The API, to be served at a root or mounted under a prefix."""
        return Door(self).app()

    def state(self) -> dict[str, Any]:
        """Counts and effects, for the lab's page and for tests."""
        orders = self.database.orders.values()
        return {
            "customers": len(self.database.customers),
            "orders": len(self.database.orders),
            "calls": len(self.calls),
            "counts": dict(Counter(effect["operation"] for effect in self.database.effects)),
            "refunded": amount(sum(order.refunded_cents for order in orders)),
            "effects": list(self.database.effects[-100:]),
            "troubles": [{"trouble": armed.trouble, "on": armed.on} for armed in self.troubles.waiting],
        }

    async def close(self) -> None:
        """Nothing is held; safe twice."""
