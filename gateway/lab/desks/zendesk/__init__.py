"""A stand-in of Zendesk Support: tickets, users, webhooks and triggers of one account, and a page on which agents work."""

from gateway.lab.desks.zendesk.lab import ZendeskLab

__all__ = ["ZendeskLab"]
