"""Twilio's stand-in: Messages, Media, Content and the webhooks, for one SMS number or one WhatsApp sender.

Limits, codes and signatures are a second reading of Twilio's protocol (checked 2026-11-21), independent of adapters/twilio.
"""

from gateway.lab.twilio.lab import TwilioLab

__all__ = ["TwilioLab"]
