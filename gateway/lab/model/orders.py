"""Finding instructions: all that a text could be read to order, hidden things too.  For the puppet, who obeys."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from core.words import listed, sentences

MAX_CHARS: Final = 200_000
MAX_ORDERS: Final = 80
MAX_CALLS: Final = 40

IMPERATIVES: Final = listed(
    "add alter answer append apply approve arrange ask assume authorize be begin break call cancel change choose "
    "click compose compute confirm convert copy create debug decode delete describe design develop disclose "
    "discuss display disregard draft email emit encode encrypt end enter execute explain expose fetch find finish "
    "follow forget forward generate get give go group help highlight ignore illustrate imagine implement include "
    "increase insert interlace introduce invoke issue jumble justify keep leak list look make mention misspell "
    "mix modify move navigate offer omit open outline output overlook override paraphrase pay post pretend print "
    "provide put read recite recommend refund remove repeat replace reply report respond return reveal reverse "
    "rewrite run say send separate share shift show spell split start state stop submit substitute summarise "
    "summarize swap take tell think transfer translate treat trigger type update use utilize visit write antworte "
    "antworten ausgeben erstatte erstatten gib ignoriere ignorieren nenne nennen rufe rufen sage schreibe sende "
    "verrate verraten vergiss wiederhole zeige ändere überweise affiche appelle change dis donne envoie ignore "
    "montre oublie rembourse répète révèle écris cambia devuelve di dime escribe ignora llama muestra olvida "
    "reembolsa repite revela envía diga esqueça ignore mostre repita reembolse revele escreva dimentica dimmi "
    "ignora mostra ripeti rimborsa rivela scrivi geef herhaal negeer noem toon stuur vergeet verander zeg schrijf "
)
"""Words with which an order begins, in seven languages."""

_POLITE: Final = re.compile(
    r"^(?:(?:please|kindly|now|then|also|and|so|first|next|finally|instead|hey|hi|hello|dear|ok|okay|important|urgent|note|system"
    r"|admin|assistant|ai|bot|user|bitte|s'il vous plaît|por favor|per favore|alsjeblieft)\b[\s,:;!.*-]*|[^\w\s\"']+\s*)+",
    re.IGNORECASE,
)
QUESTIONS: Final = listed(
    "what which who whom whose where when why how was welche welcher wer wo wann warum wie quel quelle qui quand pourquoi "
    "comment qué cuál quién dónde cuándo cómo qual quem onde quando quale chi dove come perché wat welke wie waar wanneer hoe"
)
_ASKS: Final = re.compile(r"[?¿؟？]|[\u0370-\u06ff\u0900-\u0dff\u3040-\u9fff\uac00-\ud7af]{2}")
"""A question mark; and whatever is said in a script whose orders it cannot tell."""

_SECRETS: Final = re.compile(
    r"\b(?:system\s*prompt|secrets?|pass\s*(?:words?|codes?|phrases?)|api\s*keys?|credentials?|passwort|geheim\w*|mot de passe"
    r"|contraseña|senha|segreto|wachtwoord|canary)\b",
    re.IGNORECASE,
)
_CLAUSE: Final = re.compile(
    r"(?:^|[:;,.!—–(\[>*/-]\s*|\b(?:and|then|please|to|you|must|bitte|und|et|y|e|en)\s+)([^\W\d_]+)", re.IGNORECASE
)
_MODAL: Final = re.compile(
    r"\b(?:you (?:must|should|have to|need to|will|are to|can|may)|(?:can|could|would|will) you|let's|make sure|be sure"
    r"|i (?:want|need|order|command|authori[sz]e) you|your (?:task|job|goal|new|response|answer|reply|message)|do not|don't|never"
    r"|always|instructions?:?|new (?:rule|instruction))\b",
    re.IGNORECASE,
)
_URL: Final = re.compile(
    r"(?:https?://|www\.)[^\s<>\"'\])}]+|\b[a-z0-9-]+\.(?:com|net|org|io|example|test|xyz)(?:/[^\s<>\"'\])}]*)?",
    re.IGNORECASE,
)
_SAY: Final = re.compile(
    r"\b(?:say|print|write|state|output|repeat|reply|respond|answer|mention|append|add|include|insert|display|sage|schreibe|dis|di|zeg)\b"
    r"(?:\s+(?:exactly|only|with|that|the|this|following|words?|phrase|text|sentence|it|message|genau|nur))*\s*[:,]?\s*"
    r"(?:\"([^\"]{1,500})\"|“([^”]{1,500})”|'([^'\n]{2,500})'|«([^»]{1,500})»|„([^“”]{1,500})[“”])",
    re.IGNORECASE,
)
_BLOB: Final = re.compile(r"(?<![\w+/=])[A-Za-z0-9+/_-]{16,}={0,2}(?![\w+/=])")
_HEX: Final = re.compile(r"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{2}[\s:]?){8,}(?![0-9a-fA-F])")
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
_TAGS_FIRST, _TAGS_LAST = 0xE0020, 0xE007E
_HTML_COMMENT: Final = re.compile(r"<!--(.*?)-->|<[^>]{1,500}>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a text wants: its orders, words to say, and places to go."""

    sentences: tuple[str, ...]
    say: tuple[str, ...]
    urls: tuple[str, ...]


def orders_in(text: str) -> Orders:
    """The orders in one text."""
    told = tuple(each for each in _sentences(text) if is_order(each))[:MAX_ORDERS]
    say = tuple(next(filter(None, match.groups())) for match in _SAY.finditer(text))[:MAX_ORDERS]
    return Orders(sentences=told, say=say, urls=tuple(dict.fromkeys(_URL.findall(text)))[:MAX_ORDERS])


def is_order(sentence: str) -> bool:
    """Whether a sentence asks for anything: an imperative in any of its clauses, a modal, a question, or a word of secrets."""
    plain = _POLITE.sub("", sentence.strip())
    begins = (first.group(1).lower() for first in _CLAUSE.finditer(plain))
    return (
        any(word in IMPERATIVES or word in QUESTIONS for word in begins)
        or _ASKS.search(sentence) is not None
        or _MODAL.search(sentence) is not None
        or _SECRETS.search(sentence) is not None
    )


def _sentences(text: str) -> Iterator[str]:
    for line in re.split(r"[\n\r|;]+|(?<=[\"'}\]])\s*,\s*(?=[\"'{\[])", text[:MAX_CHARS]):
        for sentence in sentences(line):
            yield sentence.strip(" \t\"'{}[]")[:1_000]


def readings(text: str) -> tuple[str, ...]:
    """A text and what may be hidden in it: encoded, escaped, invisible, or in another script's letters."""
    text = text[:MAX_CHARS]
    shown = "".join(_visible(ch) for ch in text)
    every = [text, shown, html.unescape(shown), unquote(shown), _ESCAPED.sub(_unescaped, shown)]
    every.append(unicodedata.normalize("NFKC", shown))
    every.append(_HTML_COMMENT.sub(lambda match: f"\n{match.group(1) or ''}\n", shown))
    every.append(shown.replace('\\"', '"'))
    every += _decoded(shown)
    if re.search(r"rot-?13", shown, re.IGNORECASE):
        every.append(codecs.encode(shown, "rot13"))
    if re.search(r"revers|backwards", shown, re.IGNORECASE):
        every.append(shown[::-1])
    return tuple(dict.fromkeys(every))


def _visible(ch: str) -> str:
    if _TAGS_FIRST <= ord(ch) <= _TAGS_LAST:
        return chr(ord(ch) - 0xE0000)
    return "" if unicodedata.category(ch) == "Cf" else ch


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match.group(1) or match.group(2), 16))


def _decoded(text: str) -> Iterator[str]:
    for match in list(_BLOB.finditer(text))[:20]:
        blob = match.group().replace("-", "+").replace("_", "/")
        try:
            raw = base64.b64decode(blob + "=" * (-len(blob) % 4), validate=True)
        except (binascii.Error, ValueError):
            continue
        yield from _readable(raw)
    for match in list(_HEX.finditer(text))[:20]:
        yield from _readable(bytes.fromhex(re.sub(r"[\s:]", "", match.group())))


def _readable(raw: bytes) -> Iterator[str]:
    try:
        told = raw.decode()
    except UnicodeDecodeError:
        return
    if told.isprintable() or all(ch.isprintable() or ch.isspace() for ch in told):
        yield told


def objects_in(text: str) -> Iterator[Mapping[str, Any]]:
    """Every JSON object that stands in a text, those within others included."""
    decoder, at, found = json.JSONDecoder(), 0, 0
    while found < MAX_CALLS and (at := text.find("{", at)) >= 0:
        try:
            told, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at += 1
            continue
        found += 1
        yield from _nested(told)
        at = end


def _nested(told: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    if depth > 8:
        return
    if isinstance(told, Mapping):
        yield told
        for value in told.values():
            yield from _nested(value, depth + 1)
    elif isinstance(told, list):
        for value in told:
            yield from _nested(value, depth + 1)
    elif isinstance(told, str) and "{" in told:
        yield from objects_in(told)
