"""The operations that an operator picked from a document, as tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.ports.tools import SideEffect, Tool, ToolOutput
from core.providers.tools.answers import output_of
from core.providers.tools.declared import OpenApiOperation, OpenApiTools
from core.providers.tools.http import READING
from core.providers.tools.openapi.document import Document, Unusable
from core.providers.tools.openapi.operation import Operation, Place, import_operation
from core.providers.tools.projection import Projection
from core.providers.tools.sending import Outgoing, Sender, auth_headers, merged
from core.providers.tools.specs import sound, spec_of, unfit, without


class OpenApiRunner:
    """Reaches one operation."""

    def __init__(self, operation: Operation, declared: OpenApiTools, policy: OpenApiOperation, sender: Sender) -> None:
        self._operation = operation
        self._declared = declared
        self._projection = Projection.parse(policy.result)
        self._chars = policy.result_chars
        self._sender = sender

    async def call(self, arguments: Mapping[str, Any], *, key: str, timeout_s: float) -> ToolOutput:
        """Send it once."""
        answer = await self._sender.send(self._request(arguments, key), timeout_s=timeout_s)
        method = self._operation.method
        return output_of(answer, method=method, projection=self._projection, chars=self._chars)

    async def close(self) -> None:
        """Nothing of its own: the sender belongs to the tenant."""

    def _request(self, arguments: Mapping[str, Any], key: str) -> Outgoing:
        operation, declared = self._operation, self._declared
        body = operation.body(arguments)
        headers = merged(
            {"Accept": "application/json"},
            operation.headers(arguments),
            {"Content-Type": body[1]} if body else {},
            declared.headers,
            {declared.idempotency_header: key},
            auth_headers(declared.auth),
        )
        url = operation.address(declared.base_url, arguments)
        return Outgoing(method=operation.method, url=url, headers=headers, body=body[0] if body else None)


def openapi_tool(document: Document, name: str, declared: OpenApiTools, sender: Sender) -> Tool:
    """One tool of the document; ``Unusable`` says why it cannot be one."""
    policy = declared.operations[name]
    operation = _without_ours(import_operation(document, policy.operation or name), declared)
    parameters = operation.parameters
    _all_bound(operation, policy)
    if not sound(parameters):
        raise Unusable("its schema is not valid JSON Schema")
    effect = SideEffect.READ if operation.method in READING else SideEffect.WRITE
    spec = spec_of(
        name, policy, without(parameters, policy.bound), effect=effect, description=operation.description or name
    )
    trouble = unfit(spec)
    if trouble:
        raise Unusable(trouble)
    return Tool(spec=spec, runner=OpenApiRunner(operation, declared, policy, sender))


def _all_bound(operation: Operation, policy: OpenApiOperation) -> None:
    """What is bound must be there, and must be bound in every place where the request carries it."""
    names = {argument.name: argument.wire.lower() for argument in operation.arguments}
    lost = sorted(set(policy.bound) - set(names))
    if lost:
        raise Unusable(f"`bound` names what is no parameter of it: {', '.join(lost)}")
    wires = {names[name] for name in policy.bound}
    free = sorted(name for name, wire in names.items() if wire in wires and name not in policy.bound)
    if free:
        raise Unusable(f"the model could still choose what is bound, as {', '.join(free)}: bind that too")


def _without_ours(operation: Operation, declared: OpenApiTools) -> Operation:
    """Headers that are sent with every request are no parameters of the model's."""
    ours = merged(declared.headers, {declared.idempotency_header: ""}, auth_headers(declared.auth))
    names = {name.lower() for name in ours}
    left = tuple(a for a in operation.arguments if a.place is not Place.HEADER or a.wire.lower() not in names)
    return replace(operation, arguments=left)
