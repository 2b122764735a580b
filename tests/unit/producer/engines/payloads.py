"""Payloads of engines for tests, and checks that every record must pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from producer.contract import jsontext, record
from producer.engines import convert
from runfolio.yamltext import as_json

FIXTURES = Path(__file__).parents[3] / "fixtures" / "engines"


def load(name: str) -> Any:
    """Read a payload by ``<engine>/<file>``; a recorded request is reduced to its body."""
    data = (FIXTURES / name).read_bytes()
    payload = jsontext.decode(as_json(data, name) if name.endswith(".yaml") else data)
    return payload["body"] if isinstance(payload, dict) and "headers" in payload else payload


def converted(engine: str, payload: Any) -> dict[str, Any]:
    """Convert, and hold the record against the record's own rules."""
    result = convert(engine, payload)
    assert_valid(result)
    return result


def outline(result: dict[str, Any]) -> list[tuple[str, int | None, str]]:
    """Tell of every step its name, iteration and status."""
    return [(step["name"], step.get("iteration"), step["status"]) for step in result["steps"]]


def assert_valid(result: dict[str, Any]) -> None:
    record.read_header({name: value for name, value in result.items() if name != "steps"})
    for position, step in enumerate(result["steps"]):
        record.read_step(step, position)
    # What is stored is JSON: writing and reading must give the same.
    assert jsontext.decode(jsontext.encode(result)) == result


ODD_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.sampled_from([2**70, -(2**70), 1e300, -0.5, 1795452973155, "", "x" * 3000, "..", "unknown", "running", "2026"]),
    st.text(max_size=8),
    st.sampled_from(
        [[], {}, [None], [[]], [[[]]], {"": None}, {"data": "x"}, [[{"json": 1}]], [{"previousNode": "x"}]]
    ),
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [place for key, child in inner for place in [(*path, key), *_places(child, (*path, key))]]


@st.composite
def mutated(draw: st.DrawFn, payload: Any) -> Any:
    """The payload with up to four places dropped or replaced by something odd."""
    text = jsontext.encode(payload)
    result = jsontext.decode(text)
    for _ in range(draw(st.integers(1, 4))):
        places = _places(result)
        if not places:
            break
        # Shallow places decide most; without the weight nearly every draw would hit some deep item.
        depth = draw(st.integers(1, max(len(place) for place in places)))
        *parents, last = draw(st.sampled_from([place for place in places if len(place) <= depth]))
        holder = result
        for key in parents:
            holder = holder[key]
        if draw(st.booleans()):
            del holder[last]
        else:
            holder[last] = jsontext.decode(jsontext.encode(draw(ODD_VALUES)))
    return result
