"""A stand-in of "any other desk": a small receiver of the webhook desk's events, with agents who answer."""

from gateway.lab.desks.webhook.lab import WebhookDeskLab

__all__ = ["WebhookDeskLab"]
