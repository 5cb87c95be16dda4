"""Freshdesk as a desk: tickets of one account (API v2; facts from its documentation, November 2026, unverified on an account)."""

from __future__ import annotations

from handoff import DeskPlugin
from handoff.desks.freshdesk.helpdesk import FreshdeskHelpdesk
from handoff.desks.freshdesk.settings import FreshdeskSettings

plugin = DeskPlugin(
    kind="freshdesk",
    settings=FreshdeskSettings,
    helpdesk=FreshdeskHelpdesk.build,
)
