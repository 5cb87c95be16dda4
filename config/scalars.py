"""``${NAME}``, ``file:`` secrets and relative paths: put in before the models look at the values.

The environment enters here and nowhere else.  What came from it, and every secret, is hidden from all messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from config import shape
from config.problems import Loc, Report, did_you_mean, hints, label
from config.shape import Shape, Types
from config.yaml_tree import Tree

REFERENCE: Final = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{")
"""An escaped ``$${``, a ``${NAME}`` with or without a default, or a ``${`` that is neither."""

FILE: Final = "file:"
MAX_SECRET_BYTES: Final = 65_536


@dataclass(slots=True)
class Scalars:
    """Walks the values along the models and fills in what stands for something else."""

    tree: Tree
    shape: Shape
    report: Report
    folder: Path
    environ: Mapping[str, str]
    files: list[Path] = field(default_factory=list)

    def filled(self, value: Any, types: Types, loc: Loc = ()) -> Any:
        """A copy of ``value`` with everything filled in; what cannot be is reported and spoilt."""
        match value:
            case dict():
                self._kind(value, types, loc)
                return {k: self.filled(v, self.shape.child(types, value, k), (*loc, k)) for k, v in value.items()}
            case list():
                return [self.filled(v, self.shape.child(types, value, i), (*loc, i)) for i, v in enumerate(value)]
            case str():
                return self._text(value, types, loc)
        if shape.is_secret(types) and value is not None:
            self.report.hide(str(value))
        if isinstance(value, bool) and shape.is_number(types):
            self._refuse(loc, f"`{label(loc)}` must be a number, not true or false", "write a number")
        return value

    def _kind(self, block: dict[str, Any], types: Types, loc: Loc) -> None:
        """What a block is must be readable without the environment: it decides which of its values are secrets."""
        for word in {t.word for t in shape.blocks(types)}:
            if "${" in str(block.get(word, "")):
                at = (*loc, word)
                self._refuse(at, f"`{label(at)}` cannot come from the environment", "write it out")
                self.report.spoil(loc)

    def _text(self, raw: str, types: Types, loc: Loc) -> str:
        text = self._with_environment(raw, loc)
        if self.report.is_spoilt(loc):
            return text
        if shape.is_secret(types):
            # Only what is written in the YAML may name a file; a value of the environment is never a path.
            text = self._secret_file(raw, text, loc) if raw.startswith(FILE) else text
            self.report.hide(text)
        elif shape.is_path(types):
            return str(self._path(text, loc))
        return text

    def _with_environment(self, raw: str, loc: Loc) -> str:
        if "${" not in raw:
            return raw

        def value_of(match: re.Match[str]) -> str:
            if match[0] == "$${":
                return "${"
            if match[1] is None:
                self._refuse(
                    loc,
                    f"`{label(loc)}` holds a `${{` that names no variable",
                    "write `${NAME}`; a plain `${` is `$${`",
                )
                return ""
            return self._variable(match[1], match[2], loc)

        return REFERENCE.sub(value_of, raw)

    def _variable(self, name: str, default: str | None, loc: Loc) -> str:
        value = self.environ.get(name, "")
        if value:
            self.report.hide(value)
            return value
        if default is not None:
            return default
        state = "empty" if name in self.environ else "not set"
        self._refuse(
            loc,
            f"`{label(loc)}` needs the environment variable {name}, which is {state}",
            hints(
                did_you_mean(name, [n for n in self.environ if n != name]),
                f"set {name}, or write `${{{name}:-default}}`",
            ),
        )
        return ""

    def _secret_file(self, raw: str, text: str, loc: Loc) -> str:
        path = self._path(text.removeprefix(FILE), loc)
        self.files.append(path)
        try:
            with path.open("rb") as file:
                content = file.read(MAX_SECRET_BYTES + 1)
            secret = content.decode().strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else "it is not a text in UTF-8"
            self._refuse(
                loc, f"`{label(loc)}`: the secret file {raw} cannot be read: {why}", "the path starts at this file"
            )
            return ""
        if not secret or len(content) > MAX_SECRET_BYTES:
            size = "empty" if not secret else f"larger than {MAX_SECRET_BYTES} bytes"
            self._refuse(
                loc, f"`{label(loc)}`: the secret file {raw} is {size}", "it should hold the secret and nothing else"
            )
        return secret

    def _path(self, text: str, loc: Loc) -> Path:
        if not text.strip() or "\0" in text:
            self._refuse(loc, f"`{label(loc)}` must be a path", "for example ./kb")
            return self.folder
        try:
            return self.folder / Path(text).expanduser()
        except RuntimeError:
            return self.folder / text

    def _refuse(self, loc: Loc, what: str, hint: str) -> None:
        self.report.add(self.tree.value_place(loc), what, hint)
        self.report.spoil(loc)
