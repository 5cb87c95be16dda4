"""Microsoft Teams as a stand-in: Bot Connector, token service, signing keys, and people who write, press and stop."""

from gateway.lab.teams.lab import TeamsLab

__all__ = ["TeamsLab"]
