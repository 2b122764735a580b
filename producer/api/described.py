"""How routes describe their answers in OpenAPI, where msgspec writes them and FastAPI cannot know their shape."""

from __future__ import annotations

from typing import Any, Final

REF: Final = "#/components/schemas/{name}"

EVENT_STREAM: Final[dict[str, Any]] = {
    "description": "Server-Sent Events",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}


def reference(name: str) -> dict[str, str]:
    """Refer to a model."""
    return {"$ref": REF.format(name=name)}


def json_content(name: str) -> dict[str, Any]:
    """Describe a JSON body that is a model."""
    return {"application/json": {"schema": reference(name)}}


def answered(description: str, name: str | None) -> dict[str, Any]:
    """Describe an answer that is a model, or any JSON object."""
    content = json_content(name) if name else {"application/json": {"schema": {"type": "object"}}}
    return {"description": description, "content": content}


def page_of(name: str) -> dict[str, Any]:
    """Describe a page of a list."""
    schema = {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": reference(name)},
            "next": {"type": "string", "nullable": True, "description": "The cursor of the next page."},
        },
    }
    return {"description": "A page, newest first", "content": {"application/json": {"schema": schema}}}
