"""Web chat: the house's own channel, spoken by the widget and by any front end of yours."""

from adapters import ChannelPlugin
from adapters.web.channel import KIND, WIDEST, WebChannel
from adapters.web.settings import WebSettings

plugin = ChannelPlugin(kind=KIND, settings=WebSettings, build=WebChannel, capabilities=WIDEST)
