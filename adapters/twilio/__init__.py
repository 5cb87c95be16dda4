"""Twilio: SMS and WhatsApp, two kinds of account with one signature and one REST client."""

from adapters import ChannelPlugin
from adapters.twilio.settings import SmsSettings, WhatsAppSettings
from adapters.twilio.sms import SMS_WIDEST, SmsChannel
from adapters.twilio.whatsapp import WHATSAPP_WIDEST, WhatsAppChannel

sms_plugin = ChannelPlugin(kind=SmsChannel.kind, settings=SmsSettings, build=SmsChannel, capabilities=SMS_WIDEST)
whatsapp_plugin = ChannelPlugin(
    kind=WhatsAppChannel.kind, settings=WhatsAppSettings, build=WhatsAppChannel, capabilities=WHATSAPP_WIDEST
)

plugins = (sms_plugin, whatsapp_plugin)
plugins = (sms_plugin, whatsapp_plugin)
