from __future__ import annotations

import pytest

from producer.contract.render.engines import PYTHON_MARKDOWN, commonmark_engine
from producer.contract.render.polish import polish
from tests.unit.contract.render import pages

REL = ' rel="noopener noreferrer nofollow"'


def polished(text: str, level: int = 2) -> str:
    return polish(commonmark_engine()(text), level, "s")


def test_a_link_to_the_web_keeps_its_target_and_tells_nobody() -> None:
    assert polished('[a](https://x.y "t")') == f'<p><a{REL} href="https://x.y" title="t">a</a></p>\n'


@pytest.mark.parametrize("other", ["", " ![p](https://x.y/p.png)"])
def test_fast_and_slow_path_agree(other: str) -> None:
    assert f'<a{REL} href="mailto:a@b.c">m</a>' in polished(f"[m](mailto:a@b.c){other}")


def test_an_unusual_scheme_is_text_with_its_address() -> None:
    assert polished("[b](s3://b/k?a&b)") == '<p><a>b</a> <span class="address">(s3://b/k?a&amp;b)</span></p>\n'


def test_a_remote_image_becomes_a_link() -> None:
    assert polished("![oak](https://x.y/o.png)") == (
        f'<p><a{REL} class="image" href="https://x.y/o.png">Image: oak</a></p>\n'
    )


def test_a_remote_image_inside_of_a_link_becomes_a_link_beside_it() -> None:
    assert polished("[![n](http://a/b.png)](http://c)") == (
        f'<p><a{REL} href="http://c"><span class="image">Image: n</span></a> '
        f'<a{REL} class="image" href="http://a/b.png">Image: n</a></p>\n'
    )


def test_an_inline_picture_stays() -> None:
    assert '<img src="data:image/png;base64,AAAA" alt="d">' in polished("![d](data:image/png;base64,AAAA)")


def test_an_image_that_cannot_be_shown_says_so() -> None:
    assert polished("![d](chart.png)") == (
        '<p><span class="image">Image: d</span> <span class="address">(chart.png)</span></p>\n'
    )


def test_headings_move_below_the_section_and_keep_their_order() -> None:
    assert polished("# a\n## b\n##### c") == "<h3>a</h3>\n<h4>b</h4>\n<h6>c</h6>\n"
    assert polished("### a") == "<h3>a</h3>\n"


def test_footnotes_of_two_fields_do_not_meet() -> None:
    reading = pages.Reading(pages.html(input="a[^1]\n\n[^1]: b", output="a[^1]\n\n[^1]: c"))
    assert len(reading.ids) == len(set(reading.ids))
    targets = {(link["href"] or "")[1:] for link in reading.named("a")}
    assert targets <= set(reading.ids)
    assert len(targets) == 4


def test_python_markdown_goes_the_same_way() -> None:
    html = pages.html(PYTHON_MARKDOWN, output="# t\n\n![p](https://x.y/p.png) <b>bold</b>\n\n|a|b|\n|-|-|\n|1|2|")
    reading = pages.Reading(html)
    assert reading.named("img") == []
    assert {"class": "image", "href": "https://x.y/p.png", "rel": "noopener noreferrer nofollow"} in reading.named("a")
    assert (3, "t") in reading.headings
    assert "<b>bold</b>" in html
    assert "<td>2</td>" in html


def test_python_markdown_survives_deep_nesting() -> None:
    text = "\n".join("    " * depth + "- a" for depth in range(500))
    assert "nested too deeply" in pages.html(PYTHON_MARKDOWN, output=text)
