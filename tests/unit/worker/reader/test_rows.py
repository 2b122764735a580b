from __future__ import annotations

from typing import Any

import pytest

from tests.unit.worker.reader.examples import reader_steps, step
from worker.reader.budget import Held
from worker.reader.rows import row


def rows(*raws: dict[str, Any], combined: str | None = None) -> list[dict[str, Any]]:
    return [row(one, Held.WHOLE) for one in reader_steps(raws, combined=combined)]


def test_a_step_is_described() -> None:
    one = step(
        "load", "failed", iteration=2, started_at="1970-01-01T00:00:01", finished_at="1970-01-01T01:00:02.5+01:00"
    )
    (described,) = rows(one)
    assert described == {
        "anchor": "step-1",
        "title": "load",
        "run": "iteration 2",
        "status": "failed",
        "start": 1_000_000,
        "end": 2_500_000,
        "lasted": "1.5 s",
        "link": "1%20failed.md",
        "series": described["series"],
        "held": "whole",
    }


def test_runs_of_one_step_are_a_series_whatever_is_shown_of_the_name() -> None:
    long = "x" * 5_000
    same, again, other = rows(step(long + "a"), step(long + "a"), step(long + "b"))
    assert same["title"] == other["title"]
    assert len(same["title"]) < 300
    assert same["series"] == again["series"] != other["series"]


@pytest.mark.parametrize("never", [None, "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z"])
def test_never_is_no_time(never: str | None) -> None:
    (one,) = rows(step(started_at=never))
    assert (one["start"], one["end"], one["lasted"]) == (None, None, "")


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("a b_success.md", "a%20b_success.md"),
        ("a#1?x=%41_success.md", "a%231%3Fx%3D%2541_success.md"),
        ("C:x.md", "C%3Ax.md"),
        ("概要.html", "%E6%A6%82%E8%A6%81.html"),
        ("\"'&<>.md", "%22%27%26%3C%3E.md"),
    ],
)
def test_links_are_relative_and_encoded(name: str, link: str) -> None:
    (one,) = reader_steps([step()])
    assert one._replace(file_name=name).link == link


def test_in_a_combined_file_the_link_leads_to_the_step() -> None:
    assert [one["link"] for one in rows(step(), step(), combined="a b.html")] == [
        "a%20b.html#step-1",
        "a%20b.html#step-2",
    ]
