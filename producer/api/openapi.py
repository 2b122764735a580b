"""The OpenAPI description: FastAPI's of the routes, with the models that the routes speak of.

It is OpenAPI 3.0.3, because the bundled page reads no later version. Schemas are made in the dialect of 3.1 (JSON
Schema 2020-12) by both libraries and written in that of 3.0 here.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from producer.api.described import REF, reference
from producer.api.logins import LoginLink
from producer.contract.audit import AuditEntry
from producer.contract.export import Export, RequestedExport
from producer.contract.masking import MAX_SECRETS, MIN_CHARACTERS
from producer.contract.problem import Problem
from producer.contract.record import ExecutionRecord
from producer.deliveries import DeliveryLog, Redelivered, Redelivery
from producer.events import COMPLETED
from producer.executions import ExecutionPage, Foreseen
from producer.listed import ListedExecution, ListedExport, ListedWorkflow

_VERSION: Final = "3.0.3"
_TEXT: Final = "Completed workflow executions in, archives of Markdown or HTML documents out."
_MODELS: Final = (
    ExecutionRecord,
    Export,
    RequestedExport,
    Problem,
    ListedWorkflow,
    ListedExecution,
    ListedExport,
    AuditEntry,
    DeliveryLog,
    Redelivery,
    Redelivered,
    ExecutionPage,
    Foreseen,
    LoginLink,
)
_PROBLEM: Final = {
    "description": "A problem (RFC 9457)",
    "content": {"application/problem+json": {"schema": reference("Problem")}},
}


def description_of(app: FastAPI) -> dict[str, Any]:
    """Return the description of an application, made once."""
    if app.openapi_schema is None:
        app.openapi_schema = _described(app)
    return app.openapi_schema


def _described(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title=app.title, version=app.version, openapi_version=_VERSION, routes=app.routes, description=_TEXT
    )
    _, components = msgspec.json.schema_components(_MODELS, ref_template=REF)
    components["ExecutionRecord"]["additionalProperties"] = True
    made["components"]["schemas"] = {**components, **_EVENTS, **_ANSWERS}
    for operation in (one for path in made["paths"].values() for one in path.values()):
        # FastAPI's own form of a validation error is never answered: all errors are problems.
        operation["responses"] = {
            status: answer for status, answer in operation["responses"].items() if status != "422"
        } | {"default": _PROBLEM}
    schema: dict[str, Any] = in_dialect_of_3_0(made)
    return schema


def in_dialect_of_3_0(value: Any) -> Any:
    """Write schemas of JSON Schema 2020-12 as OpenAPI 3.0 has them: one constant as an enumeration, null as a flag."""
    if isinstance(value, list | tuple):
        return [in_dialect_of_3_0(one) for one in value]
    if not isinstance(value, dict):
        return value
    schema = {name: in_dialect_of_3_0(one) for name, one in value.items()}
    if "default" in schema and schema["default"] is None:
        del schema["default"]  # In 3.0 it must be of the schema's type; that the field may be left out says the same.
    if schema.get("required") == []:
        del schema["required"]
    if isinstance(schema.get("const"), str):
        schema["enum"] = [schema.pop("const")]
    if isinstance(schema.get("anyOf"), list):
        return _nullable(schema, schema.pop("anyOf"))
    return schema


def _nullable(schema: dict[str, Any], choices: list[dict[str, Any]]) -> dict[str, Any]:
    rest = [choice for choice in choices if choice != {"type": "null"}]
    flag = {"nullable": True} if len(rest) < len(choices) else {}
    if len(rest) == 1 and "$ref" not in rest[0]:
        return {**rest[0], **schema, **flag}
    return {**schema, "anyOf": rest, **flag}


_EVENTS: Final = {
    "CompletedEvent": {
        "description": f"A CloudEvent (1.0) of the type {COMPLETED}.",
        "type": "object",
        "required": ["specversion", "type", "source", "id", "data"],
        "properties": {
            "specversion": {"type": "string", "const": "1.0"},
            "type": {"type": "string", "const": COMPLETED},
            "source": {"type": "string", "format": "uri-reference", "minLength": 1},
            "id": {"type": "string", "minLength": 1},
            "time": {"type": "string", "format": "date-time"},
            "data": reference("EventData"),
        },
    },
    "EventData": {
        "allOf": [
            reference("ExecutionRecord"),
            {
                "type": "object",
                "properties": {
                    "export": {
                        "description": "What to export: one export with the defaults where it is absent, none for [].",
                        "oneOf": [
                            reference("RequestedExport"),
                            {"type": "array", "items": reference("RequestedExport")},
                        ],
                    },
                    "secrets": {
                        "description": "Values that are masked before anything is stored.",
                        "type": "array",
                        "items": {"type": "string", "minLength": MIN_CHARACTERS},
                        "maxItems": MAX_SECRETS,
                    },
                },
            },
        ]
    },
}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": [*properties], "properties": properties}


_EXPORTS: Final = _object(exports={"type": "array", "items": reference("Export")})
_ANSWERS: Final = {
    "AcceptedExports": _EXPORTS,
    "AcceptedBatch": _object(
        results={"type": "array", "items": {"oneOf": [_EXPORTS, _object(problem=reference("Problem"))]}}
    ),
    "AcceptedEvents": {"oneOf": [reference("AcceptedExports"), reference("AcceptedBatch")]},
    "ExportOrForeseen": {"oneOf": [reference("Export"), reference("Foreseen")]},
}
