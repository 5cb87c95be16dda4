"""A bare aiohttp JSON echo handler: the baseline of the accept path.  ``python -m bench.echo PORT [uvloop]``."""

from __future__ import annotations

import sys

from aiohttp import web


async def echo(request: web.Request) -> web.Response:
    """Answer with the JSON that came."""
    return web.json_response(await request.json())


async def ready(_: web.Request) -> web.Response:
    """Tell that the server is up."""
    return web.Response()


def main() -> None:
    """Serve until terminated."""
    if "uvloop" in sys.argv:
        import uvloop

        uvloop.install()
    app = web.Application()
    app.router.add_post("/", echo)
    app.router.add_get("/", ready)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=lambda *_: None)


if __name__ == "__main__":
    main()
