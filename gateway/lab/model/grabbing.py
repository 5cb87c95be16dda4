"""Which tools a text wants called, and with what: JSON, code, prose, and plain wishes.  For the puppet."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from core.words import listed
from gateway.lab.model.orders import objects_in
from gateway.lab.model.wire import Wish

REACH: Final = 400
"""So many characters after a tool's name belong to its call."""

IDENTITIES: Final = listed(
    "customer_account customer_id customer account_id account user_id user contact_id contact email e_mail phone tenant "
    "tenant_id name owner member_id"
)
"""Arguments in which somebody else's identity might be smuggled."""

_CALLED: Final = re.compile(
    r"\b(?:call|use|run|invoke|execute|trigger|start|perform|rufe|führe|appelle|llama|chiama|chame|roep)\s+(?:the\s+|a\s+)?"
    r"(?:tool\s+|function\s+|tool:\s*)?[`\"']?([a-z][a-z0-9]*(?:_[a-z0-9]+)+)",
    re.IGNORECASE,
)
_CODE: Final = re.compile(r"\b([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\s*\(([^()]{0,400})\)", re.IGNORECASE)
_PAIR: Final = re.compile(
    r"[\"'`]?\b(?!(?:with|and|for|the|an?|to|of|in|is|on|by|from|now|then|using|as|arguments|args|parameters|customer (?=c_))\b)"
    r"([A-Za-z][\w]*)\b[\"'`]?\s*(?:=|:|\bis\b|\bof\b|\bto\b|\bfor\b)?\s*"
    r"(\"[^\"]{0,200}\"|'[^']{0,200}'|[#@+]?[\w][\w.@+#-]*[\w]|\d)"
)
_ORDER: Final = re.compile(
    r"\b[A-Z]{2,4}-\d{3,}\b|#[A-Z]?\d{3,}\b|(?<=order )\d{3,}\b|(?<=order_id )\w+", re.IGNORECASE
)
_AMOUNT: Final = re.compile(
    r"[$€£]\s?(\d+(?:[.,]\d{3})*(?:\.\d{1,2})?)|(\d+(?:[.,]\d{1,2})?)\s?(?:€|£|\$|eur|gbp|usd|euros?|pounds?|dollars?)\b",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"()(?<![\w-])(\d{1,7})(?![\w-])")
_PERSON: Final = re.compile(
    r"\b(?:customer|account|user|contact|kunde|client|cliente|klant)(?:[ _](?:id|account|number))?\s*(?:=|:|is|named|called)?\s*"
    r"[\"']?([a-z]{1,3}[_-]\w+|\w+_\d+|\d{2,})",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")

VERBS: Final[Mapping[str, str]] = {
    r"refund\w*|erstatt\w*|rembours\w*|reembols\w*|devuelv\w*|rimbors\w*|terugbetal\w*|money back|pay\b|transfer\w*": "refund",
    r"return\w*|zurückschick\w*|retour\w*|devolv\w*|reso\b": "return",
    r"(?:change|update|set|send|ship|ändere|modif\w*|cambia\w*)\b.{0,60}\b(?:address|adres|direcci|indirizz|endere)": "address",
    r"(?:list|show|all|every|tous|todos|alle|tutti)\b.{0,40}\b(?:orders?|bestellungen|commandes|pedidos|ordini)": "list",
    r"(?:look ?up|show|status|where|check|find|read|details?)\b.{0,60}\b(?:orders?|bestellung|commande|pedido|ordine)": "lookup",
    r"cancel\w*|storn\w*|annul\w*|cancela\w*": "cancel",
    r"delet\w*|remov\w*|lösch\w*|supprim\w*|borra\w*": "delete",
}
"""What is wished for in plain words → a word of the name of the tool that does it."""


def wishes_in(text: str, offered: Mapping[str, Mapping[str, Any]], *, around: str) -> Iterator[Wish]:
    """Every call that a text can be read to want; ``around`` is all that was said, from which missing arguments are taken."""
    for name, given in _named(text, offered):
        yield _wish(name, given, offered.get(name), text, around)
    low = text.lower()
    for verb, part in VERBS.items():
        if re.search(verb, low):
            for name in offered:
                if part in name.lower():
                    yield _wish(name, {}, offered[name], text, around)


def _named(text: str, offered: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Calls that name their tool."""
    for told in objects_in(text):
        within = told.get("function")
        inner: Mapping[str, Any] = within if isinstance(within, Mapping) else told
        name = next((inner[key] for key in ("name", "tool", "tool_name", "function", "action") if key in inner), None)
        if isinstance(name, str) and re.fullmatch(r"[\w.-]{1,64}", name) and (name in offered or "_" in name):
            yield name, _arguments(inner)
    for code in _CODE.finditer(text):
        yield code.group(1), _pairs(code.group(2))
    names = {each.group(1) for each in _CALLED.finditer(text)} | set(offered)
    for name in sorted(names):
        for spot in re.finditer(rf"(?<![\w]){re.escape(name)}(?![\w(])", text):
            reach = text[spot.end() : spot.end() + REACH]
            yield name, _pairs(re.split(r"\.\s|\n\n", reach)[0])


def _arguments(told: Mapping[str, Any]) -> dict[str, Any]:
    for key in ("arguments", "args", "parameters", "params", "input"):
        given = told.get(key)
        if isinstance(given, str):
            try:
                given = json.loads(given)
            except ValueError:
                given = _pairs(given)
        if isinstance(given, Mapping):
            return dict(given)
    return {}


def _pairs(text: str) -> dict[str, Any]:
    """``name value`` in prose and code: "amount 5000 order 1007 for customer c_2"."""
    found: dict[str, Any] = {}
    for match in _PAIR.finditer(text):
        name, value = match.group(1), match.group(2).strip("\"'")
        if name.lower() not in _FILLERS and value.lower() not in _FILLERS:
            found.setdefault(name, _typed(value))
    return found


_FILLERS: Final = listed(
    "with and for the a an to of in is on by from now then please using as arguments args parameters immediately"
)


def _typed(value: str) -> Any:
    try:
        number = float(value)
    except ValueError:
        return value
    if number in (float("inf"), float("-inf")) or math.isnan(number):
        return value
    return int(number) if number.is_integer() and "." not in value else number


def _wish(name: str, given: Mapping[str, Any], schema: Mapping[str, Any] | None, text: str, around: str) -> Wish:
    """The call with all it could be given: what was said for it, what the schema needs, and whoever's identity is named."""
    arguments: dict[str, Any] = {}
    properties: Mapping[str, Any] = (schema or {}).get("properties", {})
    for key, value in given.items():
        fitting = _fitting(key, properties)
        if fitting or key.lower() in IDENTITIES or schema is None:
            arguments.setdefault(fitting or key, value)
    for key, part in properties.items():
        if key not in arguments and (key in (schema or {}).get("required", ()) or _is_said(key, text)):
            arguments[key] = _found(key, part, text, around)
    arguments.update({key: value for key, value in _identities(text).items() if key not in arguments})
    return Wish(name=name, arguments=json.dumps(arguments, ensure_ascii=False))


def _fitting(key: str, properties: Mapping[str, Any]) -> str | None:
    """The schema's name for what a text calls ``order``."""
    low = key.lower()
    if key in properties:
        return key
    return next((name for name in properties if low in (name.lower(), name.lower().removesuffix("_id"))), None)


def _is_said(key: str, text: str) -> bool:
    return key.replace("_", " ").lower() in text.lower()


def _found(key: str, part: Mapping[str, Any], text: str, around: str) -> Any:
    """A value for an argument, from the order itself, else from anywhere."""
    low, kind = key.lower(), part.get("type")
    for told in (text, around):
        if "order" in low and (order := _ORDER.search(told)):
            return order.group()
        if kind in ("number", "integer") and (amount := _AMOUNT.search(told) or _NUMBER.search(told)):
            value = _typed((amount.group(1) or amount.group(2)).replace(",", ""))
            return int(value) if kind == "integer" and isinstance(value, float) else value
    if kind == "array":
        return [_found(key, part.get("items", {}), text, around)]
    if kind in ("number", "integer"):
        return 9_999
    if kind == "boolean":
        return True
    if kind == "object":
        return {}
    return part["enum"][0] if part.get("enum") else text[:200]


def _identities(text: str) -> dict[str, Any]:
    """Whoever a text names, under every name by which a tool might take it."""
    found: dict[str, Any] = {}
    if person := _PERSON.search(text):
        found |= {"customer_account": person.group(1), "customer_id": person.group(1), "account_id": person.group(1)}
    if email := _EMAIL.search(text):
        found["email"] = email.group()
    return found
