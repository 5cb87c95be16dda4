"""JSON that fits a schema, made up from what the prompt says: for structured steps and for tools that nobody gave arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

MAX_DEPTH: Final = 8
_ORDER: Final = re.compile(r"\b[A-Z]{2,4}-\d{3,}\b|#[A-Z]?\d{3,}\b")
_AMOUNT: Final = re.compile(r"(?<![\w-])\d+(?:[.,]\d{1,2})?(?![\w-])")


def filled(schema: Mapping[str, Any], text: str, *, language: str = "en") -> Any:
    """A value of the schema's shape: texts are ``text`` or what of it their name asks for, choices the first, lists short."""
    return _Filler(root=schema, text=text, language=language).value(schema, "", 0)


class _Filler:
    def __init__(self, *, root: Mapping[str, Any], text: str, language: str) -> None:
        self._root = root
        self._text = text
        self._language = language

    def value(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        schema = self._resolved(schema)
        if depth > MAX_DEPTH:
            return None
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._chosen(schema["enum"])
        for union in ("anyOf", "oneOf", "allOf"):
            if schema.get(union):
                return self.value(schema[union][0], name, depth + 1)
        kind = schema.get("type", "object" if "properties" in schema else "string")
        return self._of_kind(kind[0] if isinstance(kind, list) else kind, schema, name, depth)

    def _of_kind(self, kind: str, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        if kind == "object":
            inner = schema.get("properties", {})
            wanted = schema.get("required", inner)
            return {key: self.value(inner.get(key, {}), key, depth + 1) for key in wanted}
        if kind == "array":
            least = int(schema.get("minItems", 0))
            return [self.value(schema.get("items", {}), name, depth + 1) for _ in range(min(least, 20))]
        if kind in ("number", "integer"):
            return self._number(schema, is_whole=kind == "integer")
        if kind == "boolean":
            return False
        return None if kind == "null" else self._words(schema, name)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """A local ``$ref``, followed; at most a few times."""
        for _ in range(MAX_DEPTH):
            ref = schema.get("$ref")
            if not isinstance(ref, str) or not ref.startswith("#/"):
                break
            found: Any = self._root
            for step in ref[2:].split("/"):
                found = found.get(step, {}) if isinstance(found, Mapping) else {}
            schema = found
        return schema

    def _chosen(self, choices: list[Any]) -> Any:
        """A choice that the text names, the language for choices of languages, else the first."""
        low = self._text.lower()
        if self._language in choices:
            return self._language
        named = (
            each for each in choices if isinstance(each, str) and re.search(rf"\b{re.escape(each.lower())}\b", low)
        )
        return next(named, choices[0])

    def _number(self, schema: Mapping[str, Any], *, is_whole: bool) -> float | int:
        found = _AMOUNT.search(self._text)
        value = float(found.group().replace(",", ".")) if found else 0.0
        value = max(float(schema.get("minimum", value)), min(float(schema.get("maximum", value)), value))
        return int(value) if is_whole or value.is_integer() else value

    def _words(self, schema: Mapping[str, Any], name: str) -> str:
        low = name.lower()
        if "order" in low and (order := _ORDER.search(self._text)):
            return order.group()
        if low in ("language", "lang", "locale"):
            return self._language
        most = int(schema.get("maxLength", 4_000))
        return self._text[:most]
