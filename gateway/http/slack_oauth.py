"""Installing a Slack app by a link: ``GET /slack/{account}/install`` and where Slack sends the browser back to.

What is asked of Slack and what is kept is the channel's own matter (``adapters/slack/oauth.py``); here are only the two
addresses, the redirect and the cookie that binds both to one browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from aiohttp import web

from core.errors import AccountUnknown
from gateway.services import services_of

COOKIE = "frontdesk_slack_state"
PAGE_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}


class Begun(Protocol):
    """The first step: where to send the browser, and what its cookie holds for how long."""

    @property
    def url(self) -> str:
        """The vendor's consent page."""

    @property
    def state(self) -> str:
        """What comes back, and what the cookie holds."""

    @property
    def lifetime_s(self) -> int:
        """How long it is good."""


class Installer(Protocol):
    """The two steps."""

    def begin(self) -> Begun:
        """Start; ``InboundRejected`` when the account is not installed by a link."""

    async def finish(self, query: Mapping[str, str], cookie: str | None) -> str:
        """What the vendor sent the browser back with; returns the workspace's name.  Raises ``InboundRejected``."""


@runtime_checkable
class InstallsByLink(Protocol):
    """A channel that can be installed by a link."""

    oauth: Installer


def _installer(request: web.Request) -> Installer:
    channel = services_of(request).channels.get(request.match_info["account"])
    if channel is None or channel.kind != "slack" or not isinstance(channel, InstallsByLink):
        raise AccountUnknown("No such account.")
    return channel.oauth


async def install(request: web.Request) -> web.Response:
    """Send the browser to the consent page."""
    begun = _installer(request).begin()
    response = web.Response(status=302, headers={"Location": begun.url, **PAGE_HEADERS})
    is_secure = services_of(request).base_url.startswith("https://")
    response.set_cookie(
        COOKIE,
        begun.state,
        max_age=begun.lifetime_s,
        path=f"/slack/{request.match_info['account']}",
        secure=is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


async def installed(request: web.Request) -> web.Response:
    """Take what the vendor gave, and say so to whoever is installing."""
    team = await _installer(request).finish(request.query, request.cookies.get(COOKIE))
    response = web.Response(text=f"Installed in {team}. You can close this page.", headers=PAGE_HEADERS)
    response.del_cookie(COOKIE, path=f"/slack/{request.match_info['account']}")
    return response


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [web.get("/slack/{account}/install", install), web.get("/slack/{account}/oauth", installed)]
