"""From what the operator declared to the spec that the firewall keeps to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.ports.tools import Confirmation, SideEffect, ToolSpec
from core.providers.tools.declared import Policy

Schema = Mapping[str, Any]

NUMERIC = frozenset(("number", "integer"))


def spec_of(name: str, policy: Policy, parameters: Schema, *, effect: SideEffect, description: str = "") -> ToolSpec:
    """The spec of a tool; ``effect`` and ``description`` stand where the operator said nothing."""
    side_effect = policy.side_effect or effect
    is_money = side_effect is SideEffect.MONEY
    return ToolSpec(
        name=name,
        description=policy.description or description,
        parameters=parameters,
        bound=policy.bound,
        scopes=policy.scopes,
        verification=policy.verification,
        side_effect=side_effect,
        confirmation=policy.confirmation or (Confirmation.CUSTOMER if is_money else Confirmation.NONE),
        confirm=policy.confirm,
        limits=policy.limits,
        timeout_s=policy.timeout_s,
        result_chars=policy.result_chars,
    )


def without(parameters: Schema, bound: Mapping[str, Any]) -> dict[str, Any]:
    """An imported schema as the model may see it: what the session binds is taken out, and no other key may be given."""
    properties = {name: part for name, part in parameters.get("properties", {}).items() if name not in bound}
    required = [name for name in parameters.get("required", ()) if name not in bound]
    kept = {key: part for key, part in parameters.items() if key not in ("properties", "required")}
    return {**kept, "type": "object", "properties": properties, "required": required, "additionalProperties": False}


def unfit(spec: ToolSpec) -> str | None:
    """Why an imported tool cannot be offered under its policy, in words for the operator; ``check`` says it of the others."""
    properties: Schema = spec.parameters.get("properties", {})
    amount = spec.limits.amount
    if spec.side_effect is SideEffect.MONEY and (amount is None or spec.limits.per_call is None):
        return "it moves money and needs `limits` with `amount` and `per_call`"
    if spec.side_effect is SideEffect.MONEY and spec.confirmation is Confirmation.NONE:
        return "it moves money and needs a `confirmation`"
    if amount is not None and not is_numeric(properties.get(amount)):
        return f"`limits.amount` names `{amount}`, which is no numeric parameter of it"
    return None


def is_numeric(part: object) -> bool:
    """Whether a property's schema admits numbers and nothing else."""
    kinds = part.get("type") if isinstance(part, Mapping) else None
    found = {kinds} if isinstance(kinds, str) else set(kinds) if isinstance(kinds, list | tuple) else set()
    return bool(found) and found <= NUMERIC


def sound(schema: Schema) -> bool:
    """Whether an imported schema is valid JSON Schema."""
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415  only needed where schemas are imported

    try:
        Draft202012Validator.check_schema(schema)
    except (SchemaError, RecursionError):
        return False
    return True
