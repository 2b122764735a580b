from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, Request, expect

from producer.contract.export import RenderProfile
from tests.unit.contract.render.hostile import CORPUS
from tests.unit.worker.reader.examples import HEADER, assistant, at, reading, step

pytestmark = pytest.mark.browser

Open = Callable[..., Page]


@pytest.fixture
def noticed() -> list[str]:
    """Everything that must not happen, as it happens."""
    return []


@pytest.fixture
def opened(page: Page, tmp_path: Path, noticed: list[str]) -> Iterator[Open]:
    """Write and open a reader; at the end, nothing must have gone wrong and nothing but the page been asked for."""
    address = (tmp_path / "index.html").as_uri()

    def dismiss(dialog: Dialog) -> None:
        noticed.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def requested(request: Request) -> None:
        if not request.url.startswith(address):
            noticed.append(f"request: {request.url}")

    page.on("console", lambda message: noticed.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: noticed.append(f"error: {error}"))
    page.on("popup", lambda popup: noticed.append(f"popup: {popup.url}"))
    page.on("dialog", dismiss)
    page.on("request", requested)

    def open_(steps: list[dict[str, Any]], hash_: str = "", **reader: Any) -> Page:
        (tmp_path / "index.html").write_text(reading(steps, **reader), encoding="utf-8")
        page.goto(address + hash_)
        return page

    yield open_
    assert noticed == []


def search(page: Page, words: str, found: str | re.Pattern[str]) -> None:
    page.fill("#query", words)
    expect(page.locator("#found")).to_have_text(found)


def test_it_opens_from_a_disk_with_an_overview(opened: Open) -> None:
    page = opened(assistant())
    expect(page.get_by_role("heading", name="virtual assistant")).to_be_visible()
    main = page.locator("main")
    expect(main).to_contain_text("40 (33 succeeded")
    expect(main).to_contain_text("Write about ships.")
    expect(page.locator("#found")).to_have_text("40 steps")
    expect(page.get_by_role("option").first).to_contain_text("plan")


def test_search_finds_the_content_of_a_step_and_highlights_it(opened: Open) -> None:
    page = opened(assistant())
    search(page, "NEEDLE7", "1 of 40 steps")
    page.get_by_role("option").click()
    expect(page.locator("main mark")).to_have_text("needle7")
    expect(page.locator("main")).to_contain_text("1 match is highlighted.")
    expect(page).to_have_url(re.compile("#step-7$"))
    assert page.get_by_role("link", name="Open its file").get_attribute("href") == "7%20succeeded.md"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ('"needle3 is here"', "1 of 40 steps"),
        ("needle3 refused", "0 of 40 steps"),
        ("needle9 connection", "1 of 40 steps"),
        ("no times", "1 of 40 steps"),
        ("iteration 6", re.compile("of 40 steps")),
        ("succeeded", "39 of 40 steps"),
        ("started", "0 of 40 steps"),
        ("<em>", "0 of 40 steps"),
        ("needle", "40 steps"),
        ("   ", "40 steps"),
        ('"', "40 steps"),
    ],
)
def test_what_is_searched(opened: Open, words: str, found: str | re.Pattern[str]) -> None:
    page = opened(assistant())
    search(page, "nowhere", "0 of 40 steps")
    search(page, words, found)


def test_words_across_markup_are_one(opened: Open) -> None:
    page = opened([step(output="un**believ**able &amp; <b> \u00e9t\u00e9"), step(output="b")])
    for words in ("unbelievable", "& <b>", "\u00c9T\u00c9"):
        search(page, words, "1 of 2 steps")
        search(page, "", "2 steps")


def test_status_filter(opened: Open) -> None:
    page = opened(assistant())
    failed = page.get_by_role("button", name="failed 4")
    failed.click()
    expect(failed).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#found")).to_have_text("4 of 40 steps")
    assert {text.split()[-3] for text in page.get_by_role("option").all_inner_texts()} == {"failed"}
    page.get_by_role("button", name="skipped").click()
    expect(page.locator("#found")).to_have_text("7 of 40 steps")
    search(page, "needle18", "1 of 40 steps")


def test_neighbours_follow_the_filter(opened: Open) -> None:
    page = opened(assistant(), "#step-9")
    page.get_by_role("button", name="failed 4").click()
    page.get_by_role("link", name="Next").click()
    expect(page.locator("main")).to_contain_text("needle18")
    page.get_by_role("link", name="Previous").click()
    expect(page.locator("main")).to_contain_text("needle9")


def test_everything_by_keyboard(opened: Open) -> None:
    page = opened(assistant())
    page.keyboard.press("/")
    expect(page.locator("#query")).to_be_focused()
    page.keyboard.type("connection refused")
    expect(page.locator("#found")).to_have_text("4 of 40 steps")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("needle18")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#list")).to_be_focused()
    assert page.locator("#list").get_attribute("aria-activedescendant") == "row-1"
    outline = page.locator(".row.is-active").evaluate("row => getComputedStyle(row).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("End")
    page.keyboard.press(" ")
    expect(page.locator("main")).to_contain_text("needle36")
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    expect(page.locator("#found")).to_have_text("40 steps")


def test_a_deep_link_opens_its_step_and_the_way_back_works(opened: Open) -> None:
    page = opened(assistant(), "#step-12")
    expect(page.locator("main article")).to_have_id("step-12")
    selected = page.locator("[role=option][aria-selected=true]")
    expect(selected).to_have_attribute("aria-posinset", "12")
    page.get_by_role("link", name="Next").click()
    expect(page.locator("main article")).to_have_id("step-13")
    page.go_back()
    expect(page.locator("main article")).to_have_id("step-12")
    page.get_by_role("link", name="Overview").click()
    expect(page.locator("main")).to_contain_text("Write about ships.")


def test_a_footnote_is_a_place_inside_of_its_step(opened: Open) -> None:
    page = opened([step(), step(output="a[^1]" + "\n\nx" * 80 + "\n\n[^1]: the note")], "#step-2")
    page.locator("main sup a").click()
    expect(page.get_by_text("the note")).to_be_in_viewport()
    expect(page.locator("main article")).to_have_id("step-2")


def test_an_unknown_place_changes_nothing(opened: Open) -> None:
    page = opened(assistant(), "#step-99")
    expect(page.locator("main")).to_contain_text("Write about ships.")


def test_the_timeline_has_a_row_for_each_step_and_marks_failures(opened: Open) -> None:
    page = opened(assistant())
    names = page.locator(".lane-name").all_inner_texts()
    assert names[:3] == ["All steps", "plan", "draft section"]
    assert len(names) == 8
    expect(page.locator("#everything rect")).to_have_count(39)
    expect(page.locator("#everything rect.is-failed")).to_have_count(4)
    expect(page.locator("#untimed")).to_have_text("1 step has no times and is not shown here.")
    label = page.locator("#lanes").get_attribute("aria-label") or ""
    assert "39 runs" in label
    assert "4 of them failed" in label
    page.locator("#lanes rect.is-failed").first.click()
    expect(page.locator("main")).to_contain_text("Connection refused")


@pytest.mark.parametrize("steps", [[], [step("a"), step("b")]], ids=["no steps", "no times"])
def test_without_times_there_are_no_bars(opened: Open, steps: list[dict[str, Any]]) -> None:
    page = opened(steps)
    expect(page.locator("#found")).to_have_text(f"{len(steps)} steps")
    assert page.locator("#lanes").is_hidden()


def test_odd_times_do_not_hurt(opened: Open) -> None:
    never = "0001-01-01T00:00:00Z"
    page = opened(
        [
            step("never", started_at=never, finished_at=never),
            step("back", started_at=at(10), finished_at=at(5)),
            step("only started", started_at=at(3)),
            step("only finished", finished_at=at(20)),
        ]
    )
    expect(page.locator("#everything rect")).to_have_count(3)
    assert page.locator("#axis").inner_text().split("\n")[-1] == "17 s"
    expect(page.locator("#untimed")).to_have_text("1 step has no times and is not shown here.")


@pytest.mark.parametrize(("scheme", "page_colour"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 24, 31)")])
def test_colours_are_legible_in_light_and_dark(browser: Browser, tmp_path: Path, scheme: Any, page_colour: str) -> None:
    (tmp_path / "index.html").write_text(reading(assistant()), encoding="utf-8")
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto((tmp_path / "index.html").as_uri() + "#step-9")
    search(page, "connection", "4 of 40 steps")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == page_colour
    for selector in ("main p", ".row .quiet", ".row .chip", "button.chip", "main mark", "#found", ".lane-name"):
        assert contrast(page, selector) >= 4.5, selector
    context.close()


def contrast(page: Page, selector: str) -> float:
    """Return the contrast ratio of an element's text (WCAG 2.2, "contrast ratio")."""
    ink, ground = page.locator(selector).first.evaluate(
        """element => {
            const ink = getComputedStyle(element).color;
            let ground = element;
            while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
            return [ink, getComputedStyle(ground).backgroundColor];
        }"""
    )
    lighter, darker = sorted((luminance(ink), luminance(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_paper_shows_the_open_step_only(opened: Open) -> None:
    page = opened(assistant(), "#step-9")
    page.emulate_media(media="print")
    expect(page.locator("main article")).to_be_visible()
    for selector in ("#panel", "#timeline", ".opened-bar"):
        assert page.locator(selector).is_hidden()


def test_a_narrow_screen_scrolls_as_one_page(opened: Open) -> None:
    page = opened(assistant())
    page.set_viewport_size({"width": 400, "height": 700})
    page.get_by_role("option").first.click()
    expect(page.locator("main h2").first).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.parametrize("engine", ["commonmark", "python-markdown"])
def test_nothing_hostile_runs_or_loads_anything(opened: Open, engine: str) -> None:
    steps = [
        step(
            text,
            ("failed", "succeeded")[number % 2],
            started_at=at(number),
            finished_at=at(number + 1),
            description=text,
            input=text,
            output={text: text},
            error={"message": text, text: text},
            log=text,
            children=[{"name": text, "kind": text, "status": text, "input": text, "output": [text], text: text}],
            **{text + "?": text},
        )
        for number, text in enumerate(CORPUS)
    ]
    execution = HEADER["execution"] | {"input": CORPUS[2], "output": "\n\n".join(CORPUS), "error": CORPUS[0]}
    header = {"workflow": {"id": "w", "name": "".join(CORPUS[:3])}, "execution": execution | {"url": CORPUS[2]}}
    page = opened(steps, header=header, profile=RenderProfile(markdown=engine))
    expect(page.locator("#found")).to_have_text(f"{len(CORPUS)} steps")
    search(page, "alert", re.compile(r"\d+ of"))
    for number in range(len(CORPUS)):
        page.evaluate("anchor => { location.hash = anchor; }", f"#step-{number + 1}")
        expect(page.locator("main article")).to_have_id(f"step-{number + 1}")
    assert (
        page.evaluate("document.querySelectorAll('main :is(script, style, iframe, object, embed, link, meta)').length")
        == 0
    )


def test_the_second_lock_alters_nothing_that_the_renderer_writes(opened: Open) -> None:
    rich = "\n\n".join(CORPUS) + "\n\n- [x] t\n\n[^1] ~~x~~\n\n[^1]: n\n\n3. x\n\n> [!NOTE]\n> hi\n\n|a|\n|:-:|\n|1|"
    page = opened([*assistant(12), step(output=rich, log="\x1b[1;31mred", error={"message": rich})])
    for anchor in ("step-9", "step-12", "step-13"):
        page.evaluate("anchor => { location.hash = anchor; }", f"#{anchor}")
        expect(page.locator("main article")).to_have_id(anchor)
        before, after = page.evaluate(
            """anchor => {
                const text = JSON.parse(document.getElementById(`content-of-${anchor}`).textContent);
                const before = new DOMParser().parseFromString(text, "text/html").querySelector("article");
                return [before.outerHTML, document.querySelector("main article").outerHTML];
            }""",
            anchor,
        )
        assert after == before


HOSTILE = """<article class="step" id="step-1"><h2>x</h2><script>alert(1)</script><img src=x onerror=alert(1)>
<svg onload=alert(1)><a href="javascript:alert(1)">x</a></svg><math><mi xlink:href="data:x,1">y</mi></math>
<iframe src="https://evil.example"></iframe><object data=x></object><style>*{display:none}</style>
<base href=//evil.example>
<a id=a1 href="java\tscript:alert(1)">1</a><a id=a2 href="//evil.example">2</a><a id=a3 href="https://ok.example">3</a>
<a id=a4 href="\\\\evil.example/x">4</a><a id=a5 href="x.md#y:z">5</a><a id=a6 href="data:text/html,x">6</a>
<p id=p style="position:fixed" onclick="alert(1)" class=note>kept</p><custom-thing><b id=b>inside</b></custom-thing>
<form action=//evil.example><input name=q></form><link rel=stylesheet href=//evil.example/x.css>
<template><p>t</p></template>
<input type=text id=i></article>"""


def test_the_second_lock_holds_by_itself(opened: Open, noticed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.reader.page.step_fragment", lambda *_: iter([HOSTILE]))
    page = opened([step()], "#step-1")
    expect(page.locator("main #p")).to_have_text("kept")
    inside = page.locator("main article").inner_html()
    assert not re.search(
        r"script|onerror|onload|onclick|<svg|<math|<i?frame|evil|<form|<style|<link|custom|<base", inside
    )
    assert [page.locator(f"main #a{n}").get_attribute("href") for n in range(1, 7)] == [
        None,
        None,
        "https://ok.example",
        None,
        "x.md#y:z",
        None,
    ]
    assert page.locator("main #p").get_attribute("style") is None
    assert page.locator("main #i").get_attribute("type") == "checkbox"
    expect(page.locator("main #b")).to_have_text("inside")
    # The first lock reports what it met in the inert document.
    assert [text for text in noticed if "Content Security Policy" not in text] == []
    noticed.clear()


def test_a_huge_execution_is_told(opened: Open) -> None:
    execution = HEADER["execution"] | {"output": "<b>" * 1_000_000}
    page = opened([step()], header=HEADER | {"execution": execution})
    expect(page.locator("main .note")).to_contain_text("input and output are too large for this page")
    expect(page.locator("main b")).to_have_count(0)


def test_what_does_not_fit_is_told_and_linked(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.reader.budget.Budget.__init__.__defaults__", (30_000, 9_000, 20_000))
    steps = [
        step("small", output="alpha"),
        step("huge", output="omega beginning " + "x " * 40_000 + "the end"),
        *[step(f"later {n}", output="beta " + "y" * 15_000) for n in range(3)],
    ]
    page = opened(steps, "#step-2")
    expect(page.locator("main .note")).to_contain_text("Only its beginning is searched")
    assert page.get_by_role("link", name="Open the file of this step").get_attribute("href") == "2%20succeeded.md"
    search(page, "omega", "1 of 5 steps")
    expect(page.locator("#limits")).to_contain_text("only the beginning is searched.")
    search(page, '"the end"', "0 of 5 steps")
    page.evaluate("() => { location.hash = '#step-5'; }")
    expect(page.locator("main .note")).to_contain_text("Only its name is searched")
    expect(page.locator("#limits")).to_contain_text("only the name is searched.")


@pytest.mark.slow
def test_ten_thousand_steps_stay_usable(opened: Open) -> None:
    count = 10_000
    steps = [
        step(
            f"step {number % 400}",
            "failed" if number % 97 == 0 else "succeeded",
            iteration=number // 400 + 1,
            started_at=at(number / 10),
            finished_at=at(number / 10 + 2),
            output=f"# Result\n\nneedle{number} " + "some **ordinary** words of output. " * 40,
            input={"number": number},
        )
        for number in range(count)
    ]
    page = opened(steps)
    expect(page.locator("#found")).to_have_text(f"{count} steps")
    assert page.locator("[role=option]").count() < 60
    # Runs that would be drawn onto each other share a bar.
    assert 500 < page.locator("#everything rect").count() < 3_000
    assert page.locator(".lane").count() < 40
    timings = [reader_timings(page) for _ in range(3)]
    expect(page.locator("#found")).to_have_text(f"11 of {count} steps")
    # The quickest of three, for what else the machine does can only add to it.
    complete, first_search, search_again = map(min, zip(*timings, strict=True))
    assert complete < 2_000
    assert first_search < 1_000  # It reads all texts for the first time.
    assert search_again < 500
    page.locator("#list").focus()
    page.get_by_role("searchbox").fill("")
    expect(page.locator("#found")).to_have_text(f"{count} steps")
    page.locator("#list").focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text(f"needle{count - 1}")


def reader_timings(page: Page) -> tuple[float, float, float]:
    """Load the page anew; return the milliseconds until it is complete, of a first search, and of another."""
    page.reload()
    complete = page.evaluate("performance.getEntriesByType('navigation')[0].domComplete")
    return complete, page.evaluate(SEARCH, "needle9876"), page.evaluate(SEARCH, "ordinary needle123")


SEARCH = """words => new Promise(resolve => {
    const found = document.getElementById("found");
    const query = document.getElementById("query");
    const began = performance.now();
    new MutationObserver((_, watcher) => {
        watcher.disconnect();
        resolve(performance.now() - began);
    }).observe(found, { childList: true });
    query.value = words;
    query.dispatchEvent(new Event("input"));
})"""
