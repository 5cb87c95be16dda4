"""A stand-in of Slack as the place where agents work: channels with cases, two agents, and whatever they do there."""

from gateway.lab.desks.slack.lab import SlackDeskLab

__all__ = ["SlackDeskLab"]
