"""The parsers by file suffix and by content type; their heavy libraries are loaded with the first file that needs them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from kb_sync.formats import Parsed
from kb_sync.formats.markdown import markdown, plain


def _lazily(module: str, name: str) -> Callable[[bytes], Parsed]:
    """A parser whose heavy libraries are loaded with the first file that needs them, not with every start."""

    def parse(raw: bytes) -> Parsed:
        parsed: Parsed = getattr(import_module(f"kb_sync.formats.{module}"), name)(raw)
        return parsed

    return parse


html, pdf, word = _lazily("html", "html"), _lazily("office", "pdf"), _lazily("office", "word")

FORMATS: dict[str, Callable[[bytes], Parsed]] = {
    ".md": markdown, ".markdown": markdown, ".txt": plain, ".html": html, ".htm": html, ".pdf": pdf, ".docx": word,
}  # fmt: skip
"""By suffix, lower-case with its dot."""

CONTENT_TYPES: dict[str, Callable[[bytes], Parsed]] = {
    "text/markdown": markdown,
    "text/plain": plain,
    "text/html": html,
    "application/xhtml+xml": html,
    "application/pdf": pdf,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": word,
}
"""By content type without its parameters, lower-case."""
