"""A stand-in of Freshdesk: one account, its people, an automation rule that calls us, and its habit of mailing requesters."""

from gateway.lab.desks.freshdesk.lab import FreshdeskLab

__all__ = ["FreshdeskLab"]
