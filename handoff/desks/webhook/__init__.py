"""Any other desk: signed events both ways, documented in ``docs/desks/webhook.md``."""

from handoff import DeskPlugin
from handoff.desks.webhook.desk import WebhookHelpdesk
from handoff.desks.webhook.settings import WebhookDeskSettings

plugin = DeskPlugin(kind="webhook", settings=WebhookDeskSettings, helpdesk=WebhookHelpdesk)
