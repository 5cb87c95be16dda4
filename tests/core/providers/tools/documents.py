"""Pieces of OpenAPI documents, and a whole one with much of what is odd in real ones."""

from __future__ import annotations

from typing import Any


def parameter(name: str, where: str = "query", **more: Any) -> dict[str, Any]:
    return {"name": name, "in": where, "schema": {"type": "string"}, **more}


def body(schema: Any, kind: str = "application/json", **more: Any) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema}}, **more}}


FORM = "application/x-www-form-urlencoded"
TWICE = [parameter("customer_id"), parameter("Customer_Id", "header")]
SHOP = {
    "openapi": "3.0.3",
    "servers": [{"url": "https://evil.example"}],
    "paths": {
        "/orders/{orderId}": {
            "parameters": [parameter("orderId", "path")],
            "get": {
                "operationId": "getOrder",
                "description": "Looks\u202e an order up.",
                "parameters": [
                    parameter("customer_id", required=True),
                    {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                    {"name": "ids", "in": "query", "explode": False, "schema": {"type": "array", "items": {"type": "integer"}}},
                    {"name": "by", "in": "query", "style": "deepObject", "schema": {"type": "object"}},
                    {"name": "free", "in": "query", "schema": {"type": "object"}},
                    {"name": "json", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}},
                    parameter("X-Note", "header"),
                    parameter("x-api-key", "header", required=True),
                    parameter("idempotency-key", "header"),
                    parameter("sid", "cookie"),
                ],
            },
        },
        "/refunds": {
            "post": {
                "operationId": "refund",
                **body(
                    {"type": "object", "properties": {"order": {"type": "string"}, "amount": {"type": "number"},
                     "customer_id": {}}, "required": ["order", "amount", "customer_id"]},
                    "application/json; charset=utf-8",
                ),
            }
        },
        "/forms": {"put": {"operationId": "form", **body({"properties": {"a": {}, "b": {}}}, FORM)}},
        "/twice": {"get": {"operationId": "twice", "parameters": TWICE}},
    },
}  # fmt: skip
