"""A contact's words: who is addressed, what is left without the address, and links that hide behind words.

Entities count UTF-16 code units, as Telegram's clients do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.shared.text import strip_invisible
from adapters.telegram.payloads import Entity, TelegramMessage


@dataclass(frozen=True, slots=True)
class Said:
    """``command`` is ``start`` for "/start"; ``argument`` is what follows it; ``text`` is without our own name."""

    text: str
    command: str | None = None
    argument: str = ""
    is_addressed: bool = False


class Wording:
    """Reads words said to one bot."""

    def __init__(self, *, bot_id: int, bot_username: str) -> None:
        self._bot_id = bot_id
        self._name = "@" + bot_username.casefold()

    def read(self, message: TelegramMessage) -> Said:
        """What a message says, and whether it says it to us."""
        text, entities = message.text, message.entities
        if text is None:
            text, entities = message.caption or "", message.caption_entities
        is_reply = self._is_reply(message)
        if not entities:
            return Said(strip_invisible(text), is_addressed=is_reply)
        said = self._with_entities(text, entities)
        return Said(said.text, said.command, said.argument, said.is_addressed or is_reply)

    def _is_reply(self, message: TelegramMessage) -> bool:
        replied = message.reply_to_message
        return replied is not None and replied.sender is not None and replied.sender.id == self._bot_id

    def _with_entities(self, text: str, entities: Sequence[Entity]) -> Said:
        edits: list[tuple[int, int, str]] = []
        command: str | None = None
        is_addressed = False
        for entity in entities:
            start, end = _index(text, entity.offset), _index(text, entity.offset + entity.length)
            words = text[start:end]
            if entity.type == "bot_command":
                name, _, bot = words[1:].partition("@")
                is_addressed |= bool(bot) and "@" + bot.casefold() == self._name
                if start == 0 and (not bot or is_addressed):
                    command = name.casefold()
                    edits.append((start + 1 + len(name), end, ""))
            elif self._is_our_name(entity, words):
                is_addressed = True
                edits.append((start, end, ""))
            elif entity.type == "text_link" and entity.url and entity.url not in words:
                edits.append((end, end, f" ({entity.url})"))
        clean = _edited(text, edits)
        argument = clean.partition(" ")[2].strip() if command is not None else ""
        return Said(clean, command, argument, is_addressed)

    def _is_our_name(self, entity: Entity, words: str) -> bool:
        if entity.type == "mention":
            return words.casefold() == self._name
        return entity.type == "text_mention" and entity.user is not None and entity.user.id == self._bot_id


def _index(text: str, units: int) -> int:
    """The place in ``text`` of an offset in UTF-16 code units."""
    if text.isascii():
        return min(units, len(text))
    return len(text.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "ignore"))


def _edited(text: str, edits: Sequence[tuple[int, int, str]]) -> str:
    """The text with stretches replaced; what overlaps an earlier one is left alone."""
    out: list[str] = []
    at = 0
    for start, end, words in sorted(edits):
        if start < at or end < start:
            continue
        out += [text[at:start], words]
        is_taken_out = not words and (start == 0 or text[start - 1].isspace())
        at = _after_blank(text, end) if is_taken_out else end
    out.append(text[at:])
    return strip_invisible("".join(out))


def _after_blank(text: str, at: int) -> int:
    """One blank after a name that is taken out goes with it."""
    return at + 1 if text[at : at + 1] in (" ", ",", ":") else at
