"""What LangChain hands around, as plain values that people read: messages, answers of models, results of tools."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


class Shown(NamedTuple):
    """A value as it is shown, and what else was beside it, or None."""

    value: Any
    rest: Any = None


def plain(value: Any) -> Any:
    """Unwrap LangChain's serialised objects: of a message its own fields are left, with its type first."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("lc") == 1 and isinstance(value.get("id"), list):
        return _unwrapped(value)
    return {name: plain(item) for name, item in value.items()}


def _unwrapped(value: dict[str, Any]) -> dict[str, Any]:
    path = value["id"]
    kind = {"type": path[-1]} if path else {}
    arguments = value.get("kwargs")
    if isinstance(arguments, dict):
        return {**kind, **{name: plain(item) for name, item in arguments.items()}}
    return {**kind, **{name: plain(item) for name, item in value.items() if name not in {"lc", "type", "id"}}}


def model_input(inputs: Any) -> Any:
    """Show what a model was asked: a single prompt as its text, one conversation as its messages."""
    if isinstance(inputs, dict) and len(inputs) == 1:
        for name in ("prompts", "messages"):
            batch = inputs.get(name)
            if isinstance(batch, list) and len(batch) == 1:
                return plain(batch[0])
    return plain(inputs)


def model_output(outputs: Any) -> Shown:
    """Show what a model answered: the text of its one answer, and beside it usage, tool calls and the rest."""
    answer = _only_answer(outputs)
    if answer is None:
        return Shown(plain(outputs))
    message = plain(answer.get("message"))
    fields = message if isinstance(message, dict) else {}
    text = answer.get("text") or fields.get("content")
    others = present_only({name: item for name, item in answer.items() if name not in {"text", "message", "type"}})
    beside = present_only({name: item for name, item in outputs.items() if name not in {"generations", "type"}})
    if not isinstance(text, str) or not text:
        return Shown(message if fields else plain(answer), present_only({**others, **beside}) or None)
    # The message repeats the text; a content of several parts, such as images, is more than the text and stays.
    unshown = {name: item for name, item in fields.items() if not (name == "content" and item == text)}
    return Shown(text, present_only({"message": present_only(unshown), **others, **beside}) or None)


def _only_answer(outputs: Any) -> dict[str, Any] | None:
    found = outputs.get("generations") if isinstance(outputs, dict) else None
    while isinstance(found, list) and len(found) == 1:
        found = found[0]
    return found if isinstance(found, dict) else None


def tool_input(inputs: Any) -> Any:
    """Show what a tool was called with."""
    return plain(_only_field(inputs, "input"))


def tool_output(outputs: Any) -> Shown:
    """Show what a tool gave: of a message its content, and beside it the rest."""
    value = plain(_only_field(outputs, "output"))
    if (
        isinstance(value, dict)
        and value.get("type") in ("tool", "ToolMessage")
        and isinstance(value.get("content"), str)
    ):
        return Shown(value["content"], present_only({k: v for k, v in value.items() if k != "content"}) or None)
    return Shown(value)


def _only_field(value: Any, name: str) -> Any:
    return value[name] if isinstance(value, dict) and list(value) == [name] else value


def present_only(fields: dict[str, Any]) -> dict[str, Any]:
    """Drop what says nothing: null and what is empty."""
    return {name: value for name, value in fields.items() if value not in _EMPTY}


def error_text(error: Any) -> Any:
    """Lay an error out: tracers glue the stack to the exception's text, and put empty lines between its lines."""
    if not isinstance(error, str):
        return error
    head, mark, stack = error.partition(_TRACEBACK)
    gap = "\n\n" if mark and head and not head.endswith("\n") else ""
    return f"{head}{gap}{mark}{stack.replace(_THREE_BREAKS, _BREAK)}"


_TRACEBACK: Final = "Traceback (most recent call last)"
_THREE_BREAKS: Final = "\n\n\n"
_BREAK: Final = "\n"
