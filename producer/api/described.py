"""How routes describe their answers in OpenAPI, where msgspec writes them and FastAPI cannot know their shape."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

REF: Final = "#/components/schemas/{name}"

EVENT_STREAM: Final[dict[str, Any]] = {
    "description": "Server-Sent Events",
    # Version 3.0 of OpenAPI cannot describe a stream; a schema would be read as that of one event, or of all of them.
    "content": {"text/event-stream": {}},
}


def reference(name: str) -> dict[str, str]:
    """Refer to a model."""
    return {"$ref": REF.format(name=name)}


def choice(values: Iterable[str]) -> dict[str, Any]:
    """Describe that a parameter is one of some words; what is none of them is told so by whoever knows them."""
    return {"enum": [str(value) for value in values]}


def json_content(name: str) -> dict[str, Any]:
    """Describe a JSON body that is a model."""
    return {"application/json": {"schema": reference(name)}}


def answered(description: str, name: str | None) -> dict[str, Any]:
    """Describe an answer that is a model, or any JSON object."""
    content = json_content(name) if name else {"application/json": {"schema": {"type": "object"}}}
    return {"description": description, "content": content}


def page_of(name: str, order: str = "newest first") -> dict[str, Any]:
    """Describe a page of a list."""
    schema = {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": reference(name)},
            "next": {"type": "string", "nullable": True, "description": "The cursor of the next page."},
        },
    }
    return {"description": f"A page, {order}", "content": {"application/json": {"schema": schema}}}
