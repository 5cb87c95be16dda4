"""The shop's API, described as OpenAPI 3.1: what an import of operations reads."""

from __future__ import annotations

from typing import Any, Final

ACCOUNT: Final[dict[str, Any]] = {
    "name": "X-Customer-Account",
    "in": "header",
    "required": True,
    "description": "Whose orders these are. The caller's own system sets it, never the person who asks.",
    "schema": {"type": "string", "pattern": "^c_[0-9]+$"},
}
ORDER: Final[dict[str, Any]] = {
    "name": "order_id",
    "in": "path",
    "required": True,
    "description": "The order number, for example LK-204518.",
    "schema": {"type": "string", "pattern": "^LK-[0-9]{6}$"},
}
KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key gives the same answer, and the thing is done once.",
    "schema": {"type": "string", "maxLength": 200},
}
TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 200}

_SCHEMAS: Final[dict[str, Any]] = {
    "Address": {
        "type": "object",
        "additionalProperties": False,
        "required": ["street", "city", "postal_code", "country"],
        "properties": {
            "street": TEXT,
            "city": TEXT,
            "postal_code": {"type": "string", "minLength": 2, "maxLength": 12},
            "country": {"type": "string", "pattern": "^[A-Z]{2}$", "description": "ISO 3166-1 alpha-2"},
        },
    },
    "Refund": {
        "type": "object",
        "additionalProperties": False,
        "required": ["amount", "reason"],
        "properties": {
            "amount": {"type": "number", "exclusiveMinimum": 0, "description": "In the currency of the order."},
            "reason": TEXT,
        },
    },
    "Return": {
        "type": "object",
        "additionalProperties": False,
        "required": ["items", "reason"],
        "properties": {
            "items": {"type": "array", "minItems": 1, "maxItems": 20, "items": TEXT},
            "reason": TEXT,
        },
    },
    "Order": {
        "type": "object",
        "properties": {
            "order_id": {"type": "string"},
            "status": {"type": "string"},
            "total": {"type": "number"},
            "currency": {"type": "string"},
            "items": {"type": "array", "items": {"type": "object"}},
            "address": {"$ref": "#/components/schemas/Address"},
        },
    },
    "Error": {
        "type": "object",
        "required": ["error", "message"],
        "properties": {"error": {"type": "string"}, "message": {"type": "string"}},
    },
}


def document(address: str) -> dict[str, Any]:
    """The description of the API at an address."""
    one = "/orders/{order_id}"
    return {
        "openapi": "3.1.0",
        "info": {"title": "Larkspur shop", "version": "1.0.0", "description": "Orders of the demo company."},
        "servers": [{"url": address}],
        "security": [{"key": []}],
        "paths": {
            "/orders": {"get": _reading("list_orders", "List the customer's orders, newest first", [ACCOUNT])},
            one: {"get": _reading("lookup_order", "Look up one order", [ACCOUNT, ORDER])},
            f"{one}/returns": {"post": _writing("start_return", "Start a return", "Return")},
            f"{one}/refunds": {"post": _writing("initiate_refund", "Give money back", "Refund")},
            f"{one}/address": {"put": _writing("update_address", "Change where an order goes", "Address")},
        },
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _SCHEMAS,
        },
    }


def _reading(name: str, summary: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    return {"operationId": name, "summary": summary, "parameters": parameters, "responses": _answers()}


def _writing(name: str, summary: str, shape: str) -> dict[str, Any]:
    body = {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape}"}}}
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [ACCOUNT, ORDER, KEY],
        "requestBody": {"required": True, "content": body},
        "responses": _answers(),
    }


def _answers() -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    told = {"400": "Not understood", "401": "Wrong key", "404": "Unknown", "409": "Not possible", "422": "Not valid"}
    good = {"description": "Done", "content": {"application/json": {"schema": {"type": "object"}}}}
    return {"200": good, **{status: {"description": text, "content": error} for status, text in told.items()}}
