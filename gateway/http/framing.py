"""Lets one named page show the desk in a frame.  Only the lab asks for it; without it no page of anybody may."""

from __future__ import annotations

from typing import Final

from aiohttp import web

POLICY: Final = "Content-Security-Policy"
NOBODY: Final = "frame-ancestors 'none'"


def allow(app: web.Application, origin: str) -> None:
    """Let pages of ``origin`` frame the pages of ``app``."""

    async def open_to(request: web.Request, response: web.StreamResponse) -> None:
        policy = response.headers.get(POLICY)
        if policy is not None and response.content_type == "text/html":
            response.headers[POLICY] = policy.replace(NOBODY, f"frame-ancestors {origin}")
            response.headers.popall("X-Frame-Options", None)

    app.on_response_prepare.append(open_to)
