"""The built-in desk as a destination of deliveries.

The page reads conversations from the ledger itself, so there is nothing to carry over: delivering means telling the open
pages that something new is there.  A page that is closed sees it when it opens.
"""

from __future__ import annotations

from core.ports.channel import LiveEvents, Sent
from core.ports.desk import DeskItem
from handoff import DeskContext
from handoff.desks.builtin.settings import BuiltinDeskSettings

EVENT_KIND = "desk"


class BuiltinDesk:
    """The desk of one tenant; implements core.ports.desk.Desk."""

    kind = "builtin"

    def __init__(self, tenant: str, live: LiveEvents) -> None:
        self._tenant = tenant
        self._live = live

    @classmethod
    def build(cls, context: DeskContext, settings: BuiltinDeskSettings) -> BuiltinDesk:
        """The desk of a tenant; its settings shape the page and the hours, not the delivery."""
        return cls(context.tenant, context.live)

    async def send(self, item: DeskItem) -> Sent:
        """Tell the open pages.  Told twice, a page reads the ledger twice and shows the same."""
        news = {"what": item.signal or "message", "message_id": item.message.id if item.message else None}
        self._live.publish(self._tenant, item.head.conv, EVENT_KIND, news)
        return Sent(item.id)
