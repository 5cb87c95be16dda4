"""A stand-in of Telegram: the Bot API and the people behind it, on a real socket."""

from gateway.lab.telegram.lab import TelegramLab

__all__ = ["TelegramLab"]
