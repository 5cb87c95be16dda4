"""Zendesk Support as a desk: a ticket per case, public comments for the customer, private ones for agents."""

from handoff import DeskPlugin
from handoff.desks.zendesk.helpdesk import Zendesk
from handoff.desks.zendesk.settings import ZendeskSettings

plugin = DeskPlugin(kind="zendesk", settings=ZendeskSettings, helpdesk=Zendesk)
