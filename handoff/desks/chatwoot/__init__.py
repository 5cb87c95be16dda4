"""Chatwoot as a desk: conversations of an API-channel inbox (facts from its source and API documentation, November 2026)."""

from __future__ import annotations

from handoff import DeskPlugin
from handoff.desks.chatwoot.helpdesk import ChatwootHelpdesk
from handoff.desks.chatwoot.settings import ChatwootSettings

plugin = DeskPlugin(
    kind="chatwoot",
    settings=ChatwootSettings,
    helpdesk=ChatwootHelpdesk.build,
)
