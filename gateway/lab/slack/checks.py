"""Slack's validation of what an app posts: the limits of block kit and of messages, with Slack's own error words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

MAX_BLOCKS: Final = 50
MAX_MARKDOWN: Final = 12_000
MAX_TOTAL: Final = 13_200
MAX_TEXT: Final = 40_000

Body = Mapping[str, Any]


class ApiError(Exception):
    """``{"ok": false, "error": word}``."""

    def __init__(self, word: str, **more: Any) -> None:
        super().__init__(word)
        self.word = word
        self.more = more


def need(body: Body, *names: str) -> None:
    """Arguments that have to be there."""
    missing = [name for name in names if body.get(name) in (None, "")]
    if missing:
        raise ApiError("invalid_arguments", response_metadata={"messages": [f"missing {name}" for name in missing]})


def check_content(body: Body) -> None:
    """The text, blocks and metadata of a message."""
    text, blocks = body.get("text"), body.get("blocks")
    if body.get("markdown_text") and (text or blocks):
        raise ApiError("markdown_text_conflict")
    if not (text or blocks or body.get("markdown_text")):
        raise ApiError("no_text")
    check_blocks(blocks or [])
    check_metadata(body.get("metadata"))


def check_metadata(metadata: object) -> None:
    """``event_type`` and an object ``event_payload``."""
    if metadata is None:
        return
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        raise ApiError("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict):
        raise ApiError("invalid_metadata_schema")


def check_markdown(text: object) -> None:
    """The text of a stream."""
    if text is not None and (not isinstance(text, str) or len(text) > MAX_MARKDOWN):
        raise ApiError("msg_too_long")


def check_blocks(blocks: object) -> None:
    """Number, kinds and sizes of blocks."""
    if not isinstance(blocks, list):
        raise ApiError("invalid_blocks_format")
    if len(blocks) > MAX_BLOCKS:
        raise ApiError("invalid_blocks")
    for block in blocks:
        check = KINDS.get(block.get("type")) if isinstance(block, dict) else None
        if check is None or not check(block):
            raise ApiError("invalid_blocks")
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    if markdown > MAX_MARKDOWN or sum(_weight(block) for block in blocks) > MAX_TOTAL:
        raise ApiError("msg_blocks_too_long")
    names = [each.get("action_id") for block in blocks if block["type"] == "actions" for each in block["elements"]]
    if len(set(names)) != len(names):
        raise ApiError("invalid_blocks")


def _is_text(value: object, limit: int, *kinds: str) -> bool:
    return isinstance(value, dict) and value.get("type") in kinds and 0 < len(str(value.get("text") or "")) <= limit


def _markdown(block: Body) -> bool:
    return isinstance(block.get("text"), str) and bool(block["text"])


def _section(block: Body) -> bool:
    return _is_text(block.get("text"), 3_000, "mrkdwn", "plain_text")


def _context(block: Body) -> bool:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 0 < len(elements) <= 10:
        return False
    return all(_is_text(each, 3_000, "mrkdwn", "plain_text") for each in elements)


def _actions(block: Body) -> bool:
    elements = block.get("elements")
    return isinstance(elements, list) and 0 < len(elements) <= 25 and all(_button(each) for each in elements)


def _button(each: object) -> bool:
    return (
        isinstance(each, dict)
        and each.get("type") == "button"
        and _is_text(each.get("text"), 75, "plain_text")
        and len(str(each.get("value") or "")) <= 2_000
        and 0 < len(str(each.get("action_id") or "")) <= 255
    )


def _weight(block: Body) -> int:
    if block["type"] == "markdown":
        return len(block["text"])
    if block["type"] == "section":
        return len(block["text"]["text"])
    return sum(len(_words(each)) for each in block.get("elements", ()))


def _words(element: Body) -> str:
    text = element.get("text")
    return str(text.get("text") if isinstance(text, dict) else text)


KINDS: Final[Mapping[Any, Callable[[Body], bool]]] = {
    "markdown": _markdown,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "divider": lambda block: True,
}
