"""Choices as Telegram shows them: buttons under a message, or a keyboard in place of the contact's own.

A pressed key of a keyboard is an ordinary message with its label; in groups it answers ours, so it is addressed to us.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.telegram.render import Button

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup, ReplyKeyboardMarkup, ReplyKeyboardRemove

Rows = tuple[tuple[Button, ...], ...]


def inline(rows: Rows) -> InlineKeyboardMarkup | None:
    """Buttons under the message."""
    if not rows:
        return None
    from telegram import InlineKeyboardButton, InlineKeyboardMarkup  # noqa: PLC0415  slow to import, done by now

    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(button.label, callback_data=button.data) for button in row] for row in rows]
    )


def reply(rows: Rows, *, selective: bool) -> ReplyKeyboardMarkup | ReplyKeyboardRemove:
    """A keyboard that folds after use; a message without choices takes away what an earlier one left.

    ``selective``: for whom our message answers, alone.
    """
    from telegram import ReplyKeyboardMarkup, ReplyKeyboardRemove  # noqa: PLC0415  slow to import, done by now

    if not rows:
        return ReplyKeyboardRemove(selective=selective)
    return ReplyKeyboardMarkup(
        [[button.label for button in row] for row in rows],
        resize_keyboard=True,
        one_time_keyboard=True,
        selective=selective,
    )
