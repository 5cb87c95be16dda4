"""Telegram: a bot in private chats, groups and topics."""

from adapters import ChannelPlugin
from adapters.telegram.channel import KIND, WIDEST, build
from adapters.telegram.settings import TelegramSettings

plugin = ChannelPlugin(kind=KIND, settings=TelegramSettings, build=build, capabilities=WIDEST)
