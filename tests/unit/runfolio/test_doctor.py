from __future__ import annotations

import io
import json
import zipfile

import httpx

from runfolio.doctor import Doctor
from tests.unit.runfolio.examples import export
from tests.unit.runfolio.gateways import Scripted, answer, problem, refused


def archive(name: str = "examination_success.md") -> httpx.Response:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as opened:
        opened.writestr(name, "text")
    return httpx.Response(200, content=held.getvalue())


ALIVE, READY = answer({"status": "alive"}), answer({"workers": 1})
ACCEPTED = answer({"exports": []}, 202)
GONE = httpx.Response(204)


def visited(*answers: httpx.Response) -> tuple[list[bool], list[str], Scripted]:
    gateway = Scripted(*answers)
    with gateway.client() as client:
        checks = list(Doctor(client, 5).checks())
    return [check.passed for check in checks], [f"{check.text} {check.remedy}" for check in checks], gateway


def test_a_healthy_installation_passes_and_is_left_clean() -> None:
    ready = export(status="ready")
    passed, _, gateway = visited(ALIVE, READY, ACCEPTED, answer(export(), 202), answer(ready), archive(), GONE)
    assert passed == [True] * 7
    assert gateway.asked[-1] == f"DELETE /v1/exports/{'a' * 32}"
    assert json.loads(gateway.requests[2].content)["export"] == []


def test_what_an_earlier_visit_left_proves_nothing() -> None:
    ready = export(status="ready")
    passed, _, gateway = visited(
        ALIVE, READY, ACCEPTED, answer(ready), GONE, answer(export(), 202), answer(ready), archive(), GONE
    )
    assert all(passed)
    assert [asked.split()[0] for asked in gateway.asked[3:6]] == ["POST", "DELETE", "POST"]


def test_the_first_failure_ends_the_visit_with_a_remedy() -> None:
    gateway = Scripted(refused)
    with gateway.client() as client:
        (check,) = Doctor(client, 5).checks()
    assert not check.passed
    assert "does not answer" in check.text
    assert check.remedy is not None
    passed, texts, _ = visited(ALIVE, problem(503, "broker-unavailable", detail="No broker.", remedy="Start it."))
    assert passed == [True, False]
    assert texts[1] == "No broker. Start it."


def test_a_link_that_gives_something_else_is_noticed_and_cleaned_up() -> None:
    ready = answer(export(status="ready"))
    for odd in (httpx.Response(200, text="<html>"), archive("other.md")):
        passed, texts, gateway = visited(ALIVE, READY, ACCEPTED, answer(export(), 202), ready, odd, GONE)
        assert passed == [True, True, True, True, True, False, True]
        assert "not the archive" in texts[5]
        assert gateway.asked[-1].startswith("DELETE")
