"""pydantic's errors → problems a person can act on.  Values are never quoted: the place shows them, and they may be secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import ErrorDetails

from config import shape
from config.problems import Loc, Report, did_you_mean, hints, label, listed
from config.shape import Shape, Types
from config.yaml_tree import Tree

ROUGHLY: Final[Mapping[str, tuple[str, str]]] = {
    "string_type": ("must be a text", "put it in quotes"),
    "secret_type": ("must be a text", "put it in quotes"),
    "int_type": ("must be a whole number", ""),
    "int_parsing": ("must be a whole number", ""),
    "int_from_float": ("must be a whole number", "leave the fraction out"),
    "float_type": ("must be a number", ""),
    "float_parsing": ("must be a number", ""),
    "finite_number": ("must be a number", ""),
    "bool_type": ("must be true or false", ""),
    "bool_parsing": ("must be true or false", ""),
    "list_type": ("must be a list", "write [one, two], or one `- item` per line"),
    "tuple_type": ("must be a list", "write [one, two], or one `- item` per line"),
    "dict_type": ("must be a block of `key: value` lines", ""),
    "mapping_type": ("must be a block of `key: value` lines", ""),
    "model_type": ("must be a block of `key: value` lines", ""),
    "model_attributes_type": ("must be a block of `key: value` lines", ""),
    "path_type": ("must be a path", "for example ./kb"),
    "path_not_directory": ("names a folder that does not exist", "relative paths start at this file's folder"),
    "path_not_file": ("names a file that does not exist", "relative paths start at this file's folder"),
    "date_from_datetime_parsing": ("must be a date", "write it like 2027-01-31"),
    "date_parsing": ("must be a date", "write it like 2027-01-31"),
    "date_type": ("must be a date", "write it like 2027-01-31"),
}

BOUNDED: Final[Mapping[str, str]] = {
    "greater_than_equal": "must be at least {ge:g}",
    "greater_than": "must be more than {gt:g}",
    "less_than_equal": "must be at most {le:g}",
    "less_than": "must be less than {lt:g}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have {min_length} or more entries",
    "too_long": "must not have more than {max_length} entries",
}

PATTERNS: Final[Mapping[str, str]] = {
    r"^[a-z0-9][a-z0-9_-]{0,62}$": "use a-z, 0-9, - and _, at most 63 characters, starting with a letter or digit",
    r"^#[0-9a-fA-F]{6}$": 'write a colour like "#3457d5", in quotes',
    r"^https?://": "start it with https://",
    r"^[a-z]{2,3}$": "use a language code like en",
    r"^[a-z][a-z0-9_]{0,63}$": "use a-z, 0-9 and _, at most 64 characters, starting with a letter",
    r"^[0-9a-f]{32}$": "copy the 32 characters that frontdesk doctor prints",
    r"^[A-Za-z0-9.:_-]+$": "write a host name or address, without http:// and without a port",
}


WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
"""How keys are written."""


@dataclass(frozen=True, slots=True)
class Explainer:
    """Turns the errors of one validation into problems of one file."""

    tree: Tree
    shape: Shape
    report: Report
    root: type[Any]

    def explain(self, error: ErrorDetails) -> None:
        """Add the problem, unless its place had one already."""
        loc, missing = self._locate(tuple(error["loc"]))
        if self.report.is_spoilt(loc) or self._is_echo(loc, error):
            return
        if error["type"] == "missing":
            self._missing(loc, missing)
        elif error["type"] == "extra_forbidden":
            self._unknown(loc)
        else:
            self._wrong(loc, error)

    def _is_echo(self, loc: Loc, error: ErrorDetails) -> bool:
        """pydantic counts only good entries; a list is too short only if the file's own is."""
        entries = self.tree.at(loc)
        return error["type"] == "too_short" and isinstance(entries, list | dict) and bool(entries)

    def _locate(self, raw: tuple[int | str, ...]) -> tuple[Loc, str]:
        """The place in the file, without what exists only in the models; and the last part when the file lacks it."""
        loc: Loc = ()
        rest = ""
        for part in raw:
            here = self.tree.at(loc)
            is_there = (isinstance(here, dict) and part in here) or (
                isinstance(here, list) and isinstance(part, int) and part < len(here)
            )
            if is_there and not (part == "settings" and self._is_block(loc)):
                loc, rest = (*loc, part), ""
            else:
                rest = str(part)
        return loc, rest

    def _is_block(self, loc: Loc) -> bool:
        return bool(shape.blocks(self.types_at(loc)))

    def types_at(self, loc: Loc) -> Types:
        """What is expected at a place."""
        types: Types = (self.root,)
        for index, part in enumerate(loc):
            types = self.shape.child(types, self.tree.at(loc[:index]), part)
        return types

    def _missing(self, loc: Loc, name: str) -> None:
        about = self.shape.about(self.types_at(loc), self.tree.at(loc), name).rstrip(".")
        place = self.tree.key_place(loc)
        self.report.add(place, f"`{label(loc)}` lacks `{name}`", f"add `{name}:`" + (f" ({about})" if about else ""))

    def _unknown(self, loc: Loc) -> None:
        parent, key = loc[:-1], str(loc[-1])
        block = self.tree.at(parent)
        known = self.shape.fields(self.types_at(parent), block) or {}
        free = [name for name in known if name not in (block or {})]
        guess = did_you_mean(key, free)
        mend = f"known here: {listed(known)}" if known else "remove it"
        holds_secrets = any(shape.is_secret(self.shape.child(self.types_at(parent), block, name)) for name in known)
        self._add_unknown(loc, guess, mend, holds_secrets=holds_secrets)

    def _add_unknown(self, loc: Loc, guess: str, mend: str, *, holds_secrets: bool) -> None:
        """A slip of the pen may leave a secret where a key should stand: only what is meant as a key is shown."""
        value = self.tree.at(loc)
        is_likely = bool(guess) or (value is not None and not holds_secrets)
        is_key = bool(loc) and (isinstance(value, dict | list) or (is_likely and WORD.fullmatch(str(loc[-1]))))
        what = f"unknown key `{loc[-1]}` in" if is_key else "unknown key in"
        self.report.add(self.tree.key_place(loc), f"{what} `{label(loc[:-1])}`", hints(guess, mend))

    def _wrong(self, loc: Loc, error: ErrorDetails) -> None:
        kind, context = error["type"], error.get("ctx", {})
        if error["loc"] and error["loc"][-1] == "[key]":
            self._wrong_key(loc, context)
            return
        if loc and kind == "value_error" and self._is_kind(loc):
            self._unknown_kind(loc)
            return
        what, hint = self._words(loc, kind, context, error["msg"])
        if self.tree.at(loc) is None:
            what, hint = "has no value", "give it one, or remove the key"
        self.report.add(self.tree.value_place(loc), f"`{label(loc)}` {what}", hint)

    def _words(self, loc: Loc, kind: str, context: Mapping[str, Any], said: str) -> tuple[str, str]:
        if kind in ROUGHLY:
            return ROUGHLY[kind]
        if kind in BOUNDED:
            return BOUNDED[kind].format_map(context), ""
        if kind in ("literal_error", "enum"):
            return "has a value that is not known", hints(self._guess(loc, context), f"one of: {_plain(context)}")
        if kind == "string_pattern_mismatch":
            pattern = str(context.get("pattern"))
            return "is not written as it must be", PATTERNS.get(pattern, f"it must match {pattern}")
        if kind in ("value_error", "assertion_error"):
            return self._said(str(context.get("error", said)))
        # Other words of pydantic may quote the value, so they are left out where a secret stands.
        return (
            ("is not right", "")
            if shape.is_secret(self.types_at(loc))
            else (f"is not right: {self.report.clean(said)}", "")
        )

    def _said(self, words: str) -> tuple[str, str]:
        """A model's own words: a verb joins the sentence, anything else follows a colon."""
        message = self.report.clean(words)
        joins = message.startswith(("is ", "must ", "needs ", "has "))
        return (message if joins else f"is not right: {message}"), ""

    def _guess(self, loc: Loc, context: Mapping[str, Any]) -> str:
        value = self.tree.at(loc)
        return did_you_mean(value, _plain(context).split(", ")) if isinstance(value, str) else ""

    def _wrong_key(self, loc: Loc, context: Mapping[str, Any]) -> None:
        key = str(loc[-1]) if loc else ""
        known = _plain(context)
        pattern = PATTERNS.get(str(context.get("pattern")), "")
        mend = f"known here: {known}" if known else pattern or "see the JSON Schema for what is allowed"
        guess = did_you_mean(key, known.split(", "))
        self._add_unknown(loc, guess, mend, holds_secrets=False)

    def _is_kind(self, loc: Loc) -> bool:
        return any(block.word == loc[-1] for block in shape.blocks(self.types_at(loc[:-1])))

    def _unknown_kind(self, loc: Loc) -> None:
        block = shape.blocks(self.types_at(loc[:-1]))[0]
        known = self.shape.kinds(block)
        value = self.tree.at(loc)
        guess = did_you_mean(value, known) if isinstance(value, str) else ""
        what = f"`{label(loc)}` names a {block.word} that is not known"
        self.report.add(self.tree.value_place(loc), what, hints(guess, f"known: {listed(known)}"))
        # Which keys belong to it cannot be told either.
        self.report.spoil(loc[:-1])


def _plain(context: Mapping[str, Any]) -> str:
    """pydantic's ``'a', 'b' or 'c'`` → ``a, b, c``."""
    return str(context.get("expected", "")).replace("' or '", ", ").replace("', '", ", ").strip("'")
