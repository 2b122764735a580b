from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.workload import text as written
from producer.contract.render.embed import parsed
from producer.contract.render.linescan import embedded

_STARTS = [
    "",
    "",
    "",
    " ",
    "   ",
    "    ",
    "\t",
    "> ",
    ">",
    "- ",
    "-",
    "* ",
    "+ ",
    "1. ",
    "1) ",
    "10. ",
    "| ",
    "[a]: ",
    "\\",
]
_BODIES = [
    "", "", "a", "b c", "# h", "## h", "#", "###", "#h", "###### h", "####### h", "### h ###", "#\th", "---", "--", "-",
    "- - -", "***", "___", "===", "=", "---x", "--- -", "```", "```py", "``` `", "````", "~~~", "`", "```a```", "x ```",
    "| a | b |", "| - | - |", "a | b", "--- | ---", ":-:", "[a]: /u", "'t", "\"t", "[ ] x", "<b>", "</b>", "<!--",
    "\x0b", "-->", "a < b", "a <b c", "*", "**a", "[^1]: n", "https://a.b/#c", "a  ", "a\\", "\u00a0", "\ufeff",
    "\u2028# h",
]  # fmt: skip
_LINES = st.builds(
    lambda starts, body: "".join(starts) + body,
    st.lists(st.sampled_from(_STARTS), max_size=2),
    st.sampled_from(_BODIES),
)
_TEXTS = st.lists(_LINES, min_size=1, max_size=12).map("\n".join).map(lambda text: text.strip("\n"))


@given(_TEXTS.filter(bool), st.integers(1, 5))
@example("```\ncode", 1)
@example("a\n\n---\n\n# h", 2)
@example("| a |\n| - |\n```\n# h\n```\n## h", 2)
@example("> a\n# h\n> ---", 2)
@example("- a\n  # h", 3)
@example("#\n```\n```\n#", 3)
def test_that_what_a_scan_of_lines_returns_is_what_a_parser_would(text: str, level: int) -> None:
    quick = embedded(text, level)

    assert quick is None or quick == parsed(text, level)


@given(
    st.text(alphabet="#`-=> \n\ta|.1*\\[]:", min_size=1).map(lambda text: text.strip("\n")).filter(bool),
    st.integers(1, 5),
)
def test_that_it_agrees_with_the_parser_on_any_marks(text: str, level: int) -> None:
    quick = embedded(text, level)

    assert quick is None or quick == parsed(text, level)


@pytest.mark.parametrize("level", [1, 2, 5])
def test_that_what_language_models_write_needs_no_parser(level: int) -> None:
    for seed in range(20):
        text = written(seed, 3000).strip("\n")

        assert embedded(text, level) == parsed(text, level) is not None


@pytest.mark.parametrize(
    "text", ["<b>a", "~~~\na", "    ```\n# h", "> # h", "a\n---", "a\n===", "\ufeff# h", "``` `\n# h", "````\na"]
)
def test_that_doubt_is_left_to_the_parser(text: str) -> None:
    assert embedded(text, 2) is None
