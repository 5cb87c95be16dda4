"""Slack: direct messages, mentions and threads, with native streaming and agent sessions."""

from adapters import ChannelPlugin
from adapters.slack.agent import build
from adapters.slack.channel import KIND, WIDEST
from adapters.slack.settings import SlackSettings

plugin = ChannelPlugin(kind=KIND, settings=SlackSettings, build=build, capabilities=WIDEST)
