"""PROTOCOL.md says what the server says: every error code, call, event and field of a view."""

from __future__ import annotations

import re
from pathlib import Path

from adapters.web import identity, tokens
from adapters.web.render import MessageView
from core import errors
from gateway.http import public
from gateway.http.operations import OPERATIONS

ROOT = Path(__file__).resolve().parents[2]
PROTOCOL = (ROOT / "adapters/web/PROTOCOL.md").read_text()
INTERNAL = {"case_taken", "rejected"}
"""Of the desk's listener, and the root that is never raised by itself."""

CODE = re.compile(r"""(?:Refused\(\s*\d+,|unauthorized\(|forbidden\(|problem\(\s*\d+,)\s*"([a-z_]+)\"""")
UNKNOWN = re.compile(r"""not_found\((?:"([a-z]+)")?\)""")


def public_sources() -> list[str]:
    """The sources of the modules that the public listener mounts, and of what stands around them."""
    names = {route.handler.__module__ for route in public.routes()} | {
        f"gateway.http.{name}" for name in ("middleware", "bodies", "origins", "visits", "answer", "sse", "limits")
    }
    return [(ROOT / (name.replace(".", "/") + ".py")).read_text() for name in sorted(names)]


def test_every_error_code_is_written_down() -> None:
    sources = "\n".join(public_sources())
    raised = set(CODE.findall(sources)) | {f"{what or 'conversation'}_unknown" for what in UNKNOWN.findall(sources)}
    assert {"token_missing", "origin_forbidden", "answer_timeout", "upload_unknown", "overloaded"} <= raised
    kinds = [kind for module in (errors, tokens, identity) for kind in vars(module).values() if isinstance(kind, type)]
    raised |= {kind.code for kind in kinds if issubclass(kind, errors.InboundRejected)} - INTERNAL
    assert {code for code in raised if f"`{code}`" not in PROTOCOL} == set()


def test_every_call_and_event_is_written_down() -> None:
    for call in OPERATIONS:
        path = re.sub(r"\{[a-z_]+\}.*", "", call.path)
        assert path in PROTOCOL, call.path
        for name, _ in call.events:
            assert f"`{name}`" in PROTOCOL, name


def test_every_field_of_a_view_is_written_down() -> None:
    shown = PROTOCOL.partition("## Message view")[2].partition("## The stream")[0]
    assert [field for field in MessageView.__struct_fields__ if field not in shown] == []
