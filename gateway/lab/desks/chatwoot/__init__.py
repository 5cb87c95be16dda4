"""A stand-in of Chatwoot: one account with an API-channel inbox, its people, and its signed webhooks."""

from gateway.lab.desks.chatwoot.lab import ChatwootLab

__all__ = ["ChatwootLab"]
