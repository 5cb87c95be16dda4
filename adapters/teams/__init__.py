"""Microsoft Teams: personal chats, group chats and channel threads, over the Bot Framework protocol."""

from adapters import ChannelPlugin
from adapters.teams.channel import KIND, WIDEST, TeamsChannel
from adapters.teams.settings import TeamsSettings

plugin = ChannelPlugin(kind=KIND, settings=TeamsSettings, build=TeamsChannel, capabilities=WIDEST)
