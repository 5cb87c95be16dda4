"""What ``frontdesk doctor`` says about tools.  It calls none of them: no orders, no refunds, no mails."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from core.errors import ToolFailed
from core.ports.channel import Finding, Level
from core.ports.tools import Tool
from core.providers.tools.declared import Auth, Declared, HttpTool, McpServer, OpenApiTools
from core.providers.tools.mcp.server import Server
from core.providers.tools.python import PythonRunner
from core.providers.tools.sending import Outgoing, Sender, auth_headers
from core.tools.binding import is_identity

PROBE_S: Final = 8.0
MEND: Final = "Mend it, then load the configuration again."


async def findings(
    declared: Sequence[Declared],
    tools: Mapping[str, Tool],
    problems: Mapping[str, str],
    *,
    sender: Sender,
    servers: Sequence[Server],
    functions: Mapping[str, PythonRunner],
) -> tuple[Finding, ...]:
    """One finding per tool that cannot be called, per server of HTTP tools, per MCP tool and per function."""
    missing = [
        Finding(
            check=f"tool {name}",
            level=Level.FAILURE,
            what=_sentence(why),
            mend="Mend it, then load the configuration again.",
        )
        for name, why in sorted(problems.items())
    ]
    probes = await asyncio.gather(*(_probe(sender, origin, auth) for origin, auth in _origins(declared).items()))
    loaded = await asyncio.gather(*(asyncio.to_thread(runner.problem) for runner in functions.values()))
    python = [_function(name, why) for name, why in zip(functions, loaded, strict=True)]
    pinned = [finding for server in servers for finding in _pinned(server, tools)]
    return (*missing, *probes, *pinned, *python, *_chosen(tools))


def _sentence(why: str) -> str:
    return why[:1].upper() + why[1:] + ("" if why.endswith(".") else ".")


def _origins(declared: Sequence[Declared]) -> dict[str, Auth]:
    """Every server that HTTP tools talk to, once, with the first key that is used there."""
    found: dict[str, Auth] = {}
    for item in declared:
        address = item.url if isinstance(item, HttpTool) else item.base_url if isinstance(item, OpenApiTools) else None
        if address is not None and isinstance(item, HttpTool | OpenApiTools):
            parts = urlsplit(address)
            found.setdefault(f"{parts.scheme}://{parts.netloc}/", item.auth)
    return found


async def _probe(sender: Sender, origin: str, auth: Auth) -> Finding:
    """A HEAD of the server's front page: it changes nothing, and 401 there tells that the key is refused."""
    check = f"tools at {urlsplit(origin).netloc}"
    try:
        answer = await sender.send(Outgoing(method="HEAD", url=origin, headers=auth_headers(auth)), timeout_s=PROBE_S)
    except ToolFailed as error:
        mend = "Check the address, the network and the certificate."
        return Finding(check=check, level=Level.FAILURE, what=_sentence(error.safe_message), mend=mend)
    if answer.status in (401, 407):
        what = f"It answered {answer.status} to a look at its front page: the key may be refused."
        return Finding(check=check, level=Level.WARNING, what=what, mend="Check `auth` and the variable it comes from.")
    if answer.status >= 500:
        what = f"It answered {answer.status} to a look at its front page."
        return Finding(check=check, level=Level.WARNING, what=what, mend="Ask whoever runs it.")
    return Finding(check=check, level=Level.OK, what="It can be reached.")


def _pinned(server: Server, tools: Mapping[str, Tool]) -> list[Finding]:
    declared: McpServer = server.declared
    return [
        Finding(
            check=f"tool {name}",
            level=Level.OK,
            what=f"The server {declared.server} offers it, with the fingerprint {server.pins[name]}."
            + ("" if tool.pin else " Write it as `pin` to refuse any other."),
        )
        for name, tool in declared.tools.items()
        if name in tools and name in server.pins
    ]


def _function(name: str, why: str | None) -> Finding:
    if why is None:
        return Finding(check=f"tool {name}", level=Level.OK, what="Its function can be loaded.")
    mend = "Install the package that offers it beside Frontdesk."
    return Finding(check=f"tool {name}", level=Level.FAILURE, what=_sentence(why), mend=mend)


def _chosen(tools: Mapping[str, Tool]) -> list[Finding]:
    """Arguments that say who somebody is and that a model may choose; ``check`` sees those of imported tools not."""
    found = [
        (name, argument)
        for name, tool in tools.items()
        for argument in tool.spec.parameters.get("properties", {})
        if argument not in tool.spec.bound and is_identity(argument)
    ]
    return [
        Finding(
            check=f"tool {name}",
            level=Level.WARNING,
            what=f"The model may choose its argument {argument}, and with it whose data it touches.",
            mend=f"Fill it from the session: bound: {{{argument}: customer_account}}.",
        )
        for name, argument in found
    ]
