"""What the first message would wait for, loaded as soon as the process is ready, in a thread beside its work."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from core import late

LIBRARIES: Final = ("jwt", "markdown_it", "linkify_it", "snowballstemmer", "phonenumbers")
"""Imported where they are used, and so not by the start; in the order in which a message needs them."""


def warm() -> None:
    """Load the libraries and compile the patterns; a few tenths of a second, during which messages are answered."""
    for library in LIBRARIES:
        import_module(library)
    late.compile_all()
