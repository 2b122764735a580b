from __future__ import annotations

import pytest

from producer.contract.export import Format, RenderProfile
from producer.contract.record import read_header, read_step
from producer.contract.render import make_renderer
from producer.contract.render.model import StepPage

HEADER = read_header({"workflow": {"id": "w"}, "execution": {"id": "e", "status": "succeeded"}}).header


def rendered(output: str) -> str:
    step = read_step({"name": "s", "status": "succeeded", "output": output}, 0)
    return "".join(make_renderer(Format.HTML, RenderProfile()).step_file(HEADER, StepPage(step, None, "step-1")))


@pytest.mark.parametrize(
    "line", ["[1]: https://source-one.example/a?b=1&c=2", "[x y]: <https://two.example> 'Two'", "[^n]: a note"]
)
def test_a_definition_that_nothing_refers_to_is_shown(line: str) -> None:
    html = rendered(f"Sources:\n\n{line}\n")
    assert "nothing in the text refers to" in html
    assert line.rsplit(maxsplit=1)[-1].strip("<>'").replace("&", "&amp;") in html


@pytest.mark.parametrize(
    "text",
    [
        "See [1].\n\n[1]: https://source-one.example/a?b=1&c=2\n",
        "See[^n].\n\n[^n]: a *formatted* note\n",
        "```\n[1]: https://in-code.example\n```\n",
        "No definition [1]: here",
    ],
)
def test_what_is_shown_already_is_not_shown_twice(text: str) -> None:
    assert "nothing in the text refers to" not in rendered(text)


def test_markup_in_a_definition_stays_text() -> None:
    html = rendered("[1]: <script>alert(1)</script>\n")
    assert "<script" not in html
