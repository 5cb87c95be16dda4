"""Slack as a desk: a thread per case in a channel; agents answer in the thread."""

from handoff import DeskPlugin
from handoff.desks.slack.desk import SlackHelpdesk
from handoff.desks.slack.settings import SlackDeskSettings

plugin = DeskPlugin(kind="slack", settings=SlackDeskSettings, helpdesk=SlackHelpdesk)
