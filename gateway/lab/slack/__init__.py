"""A stand-in of Slack: Web API, files, events, buttons, Socket Mode and installation, for one app in one workspace."""

from gateway.lab.slack.lab import SlackLab

__all__ = ["SlackLab"]
