"""The YAML block of the built-in desk."""

from __future__ import annotations

from handoff.kit.settings import DeskSettings


class BuiltinDeskSettings(DeskSettings):
    """Settings of `desk: {kind: builtin}`."""
