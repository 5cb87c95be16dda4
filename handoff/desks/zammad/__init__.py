"""Zammad as a desk: tickets of a group, by its REST API and a signed webhook (general knowledge, November 2026: see the docs)."""

from __future__ import annotations

from handoff import DeskPlugin
from handoff.desks.zammad.helpdesk import ZammadHelpdesk
from handoff.desks.zammad.settings import ZammadSettings

plugin = DeskPlugin(
    kind="zammad",
    settings=ZammadSettings,
    helpdesk=ZammadHelpdesk.build,
)
