"""The desks under the contract; each rig is imported when its scenarios run, so that a broken one fails alone."""

from __future__ import annotations

import importlib

from tests.contracts.desks.backstage import Backstage

RIGS = {
    "plain": "plain_rig.PlainBackstage",
    "plain-whole": "plain_rig.PlainWholeBackstage",
    "plain-polled": "plain_rig.PlainPolledBackstage",
    "plain-narrow": "plain_rig.PlainNarrowBackstage",
    "zendesk": "zendesk_rig.ZendeskBackstage",
    "chatwoot": "chatwoot_rig.ChatwootBackstage",
    "freshdesk": "freshdesk_rig.FreshdeskBackstage",
    "zammad": "zammad_rig.ZammadBackstage",
    "rt": "rt_rig.RtBackstage",
    "slack": "slack_rig.SlackBackstage",
    "webhook": "webhook_rig.WebhookBackstage",
}
"""Class by name, below this package."""


def rig(name: str) -> Backstage:
    """A new rig, not yet started."""
    module, _, made = RIGS[name].partition(".")
    backstage: Backstage = getattr(importlib.import_module(f"tests.contracts.desks.{module}"), made)()
    return backstage
