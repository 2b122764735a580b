"""The page of one execution, and the parts of it that come as one scrolls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from producer.pages.completed import CHUNK
from tests.integration.gateway.examples import completed, path_of, started, step, unique
from tests.integration.gateway.site import Site
from tests.integration.gateway.test_pages import page_of
from tests.integration.gateway.visitors import Parsed, Visitor, parsed, visiting

pytestmark = pytest.mark.integration

BEGIN = datetime(2025, 4, 9, 15, tzinfo=UTC)


@pytest.fixture(name="person", scope="module")
def somebody(site: Site) -> Iterator[Visitor]:
    with visiting(site) as visitor:
        yield visitor


def timed(number: int, name: str = "fetch", status: str = "succeeded", **fields: Any) -> dict[str, Any]:
    """A step that takes the second of its number."""
    times = [(BEGIN + timedelta(seconds=number + more)).isoformat() for more in (0, 1)]
    return step(name, status, started_at=times[0], finished_at=times[1], **fields)


def anchors(page: Parsed) -> list[str]:
    return page.values("data-step", "details")


def sent(site: Site, **data: Any) -> dict[str, Any]:
    """Send an execution whose exports are asked for later."""
    event = completed(export=[], **data)
    assert site.send(event).status_code == 202
    return event


def test_an_execution_is_shown_with_its_history_timeline_and_steps(site: Site, person: Visitor) -> None:
    workflow_id = unique("workflow")
    for number in range(3):
        site.send(completed(workflow_id, f"older-{number}", export=[]))
    event = completed(
        workflow_id,
        steps=[timed(0, "load", output="# Loaded"), timed(1, "ask", "failed", error="Broken"), timed(2, "load")],
        export=[],
    )
    event["data"]["execution"] |= {
        "input": "What is new?",
        "triggered_by": "schedule",
        "finished_at": "2025-04-09T16:00:00Z",
    }
    site.send(event)
    page = person.page(page_of(event))

    for word in ("virtual assistant", "schedule", "What is new?", "1 h", "3 steps", "2 succeeded", "1 failed"):
        assert word in page.text, word
    assert anchors(page) == ["step-1", "step-2", "step-3"]
    assert page.values("data-step", "rect") == ["step-1", "step-3", "step-2"]
    assert [one.attributes["data-step"] for one in page.all("details", open="")] == ["step-2"]
    assert page.all("svg", role="img", aria_label="Timeline: 3 runs of 2 steps, 1 failed.")
    history = {one for one in page.values("href", "a") if one.startswith(f"/workflows/{workflow_id}/executions/older-")}
    assert len(history) == 3
    assert [one.attributes["href"] for one in page.all("a", aria_current="page")] == ["/", page_of(event)]
    (export_as,) = page.all("button", data_export=f"/v1{page_of(event)}")
    assert "disabled" not in export_as.attributes


def test_without_the_scope_export_the_button_says_why(site: Site) -> None:
    event = sent(site)
    with visiting(site, "read") as reader:
        page = reader.page(page_of(event))
        (button,) = page.all("button", data_export=f"/v1{page_of(event)}")
        assert "disabled" in button.attributes
        assert page.all(id=button.attributes["aria-describedby"])
        assert "does not have the scope “export”" in page.text


@pytest.mark.parametrize("status", ["running", "queued", "waiting"])
def test_a_running_execution_says_why_it_cannot_be_exported(site: Site, person: Visitor, status: str) -> None:
    event = started(unique("workflow"), unique("execution"))
    event["data"]["execution"] |= {"input": "so far", "status": status}
    site.send(event)
    page = person.page(page_of(event))
    listing = person.page(page_of(event).rpartition("/executions")[0])

    (button,) = page.all("button", data_export=f"/v1{page_of(event)}")
    (why,) = page.all(id=button.attributes["aria-describedby"])
    assert why.tag == "p"
    assert "disabled" in button.attributes
    assert "It is running, and can be exported when it has completed." in page.text
    assert "so far" in page.text
    assert not page.all("svg", role="img")
    (icon,) = listing.all("button", data_export=f"/v1{page_of(event)}")
    assert "disabled" in icon.attributes
    assert "when it has completed" in icon.attributes["title"]
    for part in ("steps", "steps/0", "timeline", "about"):
        assert person.client.get(f"{page_of(event)}/{part}").status_code in {409, 422}, part


def test_what_is_not_there_is_a_page_that_says_so(site: Site, person: Visitor) -> None:
    event = sent(site)
    base = page_of(event)
    paths = [
        "/workflows/nothing",
        "/workflows/nothing/executions/nothing",
        f"{base.rpartition('/')[0]}/nothing",
        f"{base}/steps/1",
        f"{base}/steps/1?whole=true",
        f"{base}x/steps",
        f"{base}x/timeline",
        f"{base}x/about",
        f"{base}/nothing",
        base.rpartition("/")[0],
        "/nothing",
        "/%ff",
        "/workflows/%ff",
    ]
    for path in paths:
        page = person.page(path, 404)
        assert page.all("h1"), path
        assert page.all("a", href="/"), path


@pytest.mark.parametrize("query", ["steps?offset=-1", "steps?offset=x", "steps/-1", "steps/x", "steps/0?whole=perhaps"])
def test_a_wrong_part_is_refused(site: Site, person: Visitor, query: str) -> None:
    event = sent(site)
    page = person.page(f"{page_of(event)}/{query}", 422)
    assert page.all("h1")


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 10**20])
def test_a_number_beyond_all_steps_is_no_failure(site: Site, person: Visitor, number: int) -> None:
    event = sent(site)
    base = page_of(event)
    for path in (f"{base}/steps/{number}", f"{base}/steps/{number}?whole=true"):
        assert person.client.get(path).status_code in {404, 422}, path
    for path in (f"{base}/steps?offset={number}", f"{path_of(event)}?offset={number}"):
        assert person.client.get(path).status_code in {200, 422}, path


def test_an_execution_is_found_under_its_own_workflow_alone(site: Site, person: Visitor) -> None:
    one, other = sent(site), sent(site)
    workflow, execution = other["data"]["workflow"]["id"], one["data"]["execution"]["id"]
    crossed = f"/workflows/{workflow}/executions/{execution}"

    for part in ("", "/steps", "/steps/0", "/timeline", "/about"):
        assert person.client.get(f"{crossed}{part}").status_code == 404, part
    assert site.client.get(f"/v1{crossed}").status_code == 404
    assert site.client.post(f"/v1{crossed}/exports", json={}).status_code == 404
    own = one["data"]["workflow"]["id"]
    with visiting(site, workflows=own) as visitor:
        assert visitor.client.get(page_of(one)).status_code == 200
        assert visitor.client.get(page_of(other)).status_code == 404
        assert visitor.client.get(crossed).status_code == 404
        assert workflow not in visitor.client.get(page_of(one)).text


def test_steps_come_in_parts(site: Site, person: Visitor) -> None:
    event = sent(site, steps=[timed(number, f"s{number % 7}") for number in range(2 * CHUNK + 50)])
    base = page_of(event)
    page = person.page(base)
    (listing,) = page.all(id="step-list")

    assert anchors(page) == [f"step-{number}" for number in range(1, CHUNK + 1)]
    assert listing.attributes["data-more"] == f"{base}/steps"
    assert (listing.attributes["data-total"], listing.attributes["data-chunk"]) == (str(2 * CHUNK + 50), str(CHUNK))
    parts = [anchors(person.page(f"{base}/steps?offset={offset}")) for offset in range(0, 3 * CHUNK, CHUNK)]
    assert [one for part in parts for one in part] == [f"step-{number}" for number in range(1, 2 * CHUNK + 51)]
    assert anchors(person.page(f"{base}/steps")) == parts[0]
    for beyond in (2 * CHUNK + 50, 10**9):
        assert person.page(f"{base}/steps?offset={beyond}").elements == []
    part = person.page(f"{base}/steps?offset={CHUNK}")
    assert not part.all("html")
    assert "iteration 15" in part.text
    assert f"{base}/steps/{CHUNK}" in part.values("data-content")
    assert not part.all("details", open="")


def test_a_step_is_shown_as_the_export_shows_it(site: Site, person: Visitor) -> None:
    fields = {
        "description": "Does *this*",
        "input": {"a": [1, 2]},
        "output": "# Title\n\n- item\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        "error": {"message": "Broken", "stack": "at line 7"},
        "log": "one\ntwo",
        "children": [{"name": "think", "kind": "thought", "output": "hm", "children": [{"name": "tool"}]}],
    }
    event = sent(site, steps=[step("odd", "failed", **fields), step("odd")])
    fragment = person.client.get(f"{page_of(event)}/steps/0")
    page = parsed(fragment)

    assert not page.all("html")
    assert page.all("em")
    assert page.all("table")
    for word in ("Does", "Title", "item", "Broken", "at line 7", "one\ntwo", "think", "tool", "Iteration"):
        assert word in page.text, word
    assert [one.tag for one in page.elements if one.tag in {"h1", "h2"}] == []
    whole = parsed(person.client.get(f"{page_of(event)}/steps/0?whole=true"))
    assert whole.all("html")
    for word in ("Does", "Title", "Broken", "at line 7", "think"):
        assert word in whole.text, word


def test_a_large_input_is_fetched_when_somebody_opens_it(site: Site, person: Visitor) -> None:
    event = completed(export=[])
    event["data"]["execution"] |= {"input": "start " + "x" * 300_000, "output": "the answer"}
    site.send(event)
    small = completed(export=[])
    small["data"]["execution"] |= {"output": "the answer"}
    site.send(small)
    page, about = person.client.get(page_of(event)), person.client.get(f"{page_of(event)}/about")

    assert len(page.text) < 100_000
    assert "the answer" not in page.text
    assert f"{page_of(event)}/about" in parsed(page).values("data-content", "details")
    assert "x" * 300_000 in about.text.replace("\n", "")
    assert "the answer" in about.text
    assert "the answer" in person.page(page_of(small)).text
    assert f"{page_of(small)}/about" not in person.page(page_of(small)).values("data-content")


def test_a_long_timeline_comes_after_the_page(site: Site, person: Visitor) -> None:
    event = sent(site, steps=[timed(number, f"s{number % 9}") for number in range(1_001)])
    short = sent(site, steps=[timed(number) for number in range(1_000)])
    base = page_of(event)
    page, drawn = person.page(base), person.page(f"{base}/timeline")

    assert page.all("section", data_part=f"{base}/timeline")
    assert page.all("rect") == []
    assert not drawn.all("html")
    assert len(drawn.all("rect")) == 1_001
    assert drawn.all("svg", aria_label="Timeline: 1,001 runs of 9 steps, 0 failed.")
    assert len(person.page(page_of(short)).all("rect")) == 1_000


def test_the_ends_of_the_calendar_break_no_page(site: Site, person: Visitor) -> None:
    far = [
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:01+14:00"),
        ("9999-12-31T23:59:58-12:00", "9999-12-31T23:59:59.999999-12:00"),
        ("0001-01-01T00:00:00", None),
        (None, "9999-12-31T23:59:59.999999Z"),
    ]
    event = completed(steps=[step("far", started_at=first, finished_at=last) for first, last in far], export=[])
    event["data"]["execution"] |= {"started_at": far[0][0], "finished_at": far[1][1]}
    assert site.send(event).status_code == 202

    base = page_of(event)
    for path in (base, base.rpartition("/executions")[0], f"{base}/timeline", f"{base}/steps/0", f"{base}/steps", "/"):
        assert person.client.get(path).status_code == 200, path


def test_an_execution_without_anything_has_a_page(site: Site, person: Visitor) -> None:
    event = completed(steps=[], export=[])
    del event["data"]["execution"]["started_at"]
    event["data"]["workflow"]["name"] = None
    site.send(event)
    page = person.page(page_of(event))

    assert "This execution has no steps." in page.text
    assert "not recorded" in page.text
    assert event["data"]["workflow"]["id"] in page.text
    assert "no input" in person.page(page_of(event).rpartition("/executions")[0]).text
    assert person.page(f"{page_of(event)}/timeline").all("rect") == []
    assert person.page(f"{page_of(event)}/steps").elements == []


def test_what_the_board_has_lost_is_still_shown_from_storage(site: Site, person: Visitor) -> None:
    event = sent(site, steps=[step("kept", output="still here")])
    ids = event["data"]["workflow"]["id"], event["data"]["execution"]["id"]
    site.app.state.gateway.board.executions.forget(*ids)
    page = person.page(page_of(event))

    assert site.client.get(f"/v1/workflows/{ids[0]}/executions").json()["items"] == []
    assert anchors(page) == ["step-1"]
    assert "succeeded" in page.text
    assert [one.attributes["href"] for one in page.all("a", aria_current="page")] == ["/", page_of(event)]
    assert "still here" in person.page(f"{page_of(event)}/steps/0").text
    assert person.client.get(f"{page_of(event)}/timeline").status_code == 200


def test_a_record_that_is_gone_has_no_page(site: Site, person: Visitor) -> None:
    event = sent(site)
    ids = event["data"]["workflow"]["id"], event["data"]["execution"]["id"]
    site.app.state.gateway.board.executions.forget(*ids)
    site.objects.delete([one.key for one in site.objects.list("executions/") if ids[0] in one.key])

    for part in ("", "/steps", "/steps/0", "/timeline", "/about"):
        assert person.client.get(f"{page_of(event)}{part}").status_code == 404, part
