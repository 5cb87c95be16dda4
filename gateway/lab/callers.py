"""Who may call the switches of a stand-in: programs of this computer and the lab's own page, no other site's page."""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web

OWN_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})
SAME: Final = frozenset({None, "same-origin", "none"})


def refuse_strangers(request: web.Request) -> None:
    """403 for calls under another name (DNS rebinding) and for calls that a browser makes for another site's page."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get(hdrs.ORIGIN)
    is_own = site in SAME and origin in (None, str(request.url.origin()))
    if request.url.host not in OWN_NAMES or not is_own:
        raise web.HTTPForbidden(text="This call must come from this computer, and from the lab's own page.\n")
