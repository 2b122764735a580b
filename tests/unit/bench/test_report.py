from __future__ import annotations

from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench import report
from bench.charts import bars
from bench.figures import Figure, Round, ratio_of
from bench.report import BEGIN, END, Results, charts, merged, table, write

FIGURE = ratio_of("latency_p50_ratio", ("product", "floor"), [Round([15.0, 16.0], [12.0, 13.0])], 0.5, "ms")
MACHINE = {"processor": "a", "cores": "2", "memory_gib": "8", "system": "Linux x86_64", "python": "3.11"}


def results(day: date, **figures: Figure) -> Results:
    return Results(MACHINE, {"celery": "5"}, figures, dict.fromkeys(figures, day))


def test_the_table_shows_value_goal_and_both_sides() -> None:
    row = table([FIGURE]).splitlines()[-1]
    assert "| 1.25 | ≤ 1 | **no** |" in row
    assert "product 15, floor 12 ms" in row


def test_figures_that_were_not_measured_again_keep_their_date() -> None:
    earlier = results(date(2026, 1, 1), startup_s=Figure("startup_s", 3), latency_p50_ratio=FIGURE)
    now = results(date(2026, 2, 2), startup_s=Figure("startup_s", 2))
    both = merged(earlier, now)
    assert list(both.figures) == ["latency_p50_ratio", "startup_s"]
    assert both.figures["startup_s"].value == 2
    assert both.dates == {"latency_p50_ratio": date(2026, 1, 1), "startup_s": date(2026, 2, 2)}


def test_what_is_written_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(report, "README", tmp_path / "README.md")
    monkeypatch.setattr(report, "CHARTS", tmp_path / "charts")
    (tmp_path / "README.md").write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write(results(date(2026, 1, 1), latency_p50_ratio=FIGURE))
    write(results(date(2026, 2, 2), startup_s=Figure("startup_s", 2)))
    text = (tmp_path / "README.md").read_text()
    assert text.startswith(f"before\n{BEGIN}\n`make bench` on a, 2 cores, 8 GiB, Linux x86_64, Python 3.11, 2026-01-01")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert "latency_p50_ratio" in text
    assert (tmp_path / "charts" / "latency.svg").exists()


def test_charts_are_pictures_with_a_name_and_nothing_of_a_label_can_break_them() -> None:
    drawn = [*charts({"latency_p50_ratio": FIGURE}).values(), bars("a < b", [("<product>", 2.0), ("floor", 1.0)])]
    for chart in drawn:
        picture = ET.fromstring(chart)  # noqa: S314 # it was drawn by the line above
        assert picture.get("aria-label")
        widths = [float(bar.get("width", "0")) for bar in picture.iter("{http://www.w3.org/2000/svg}rect")]
        assert max(widths) == widths[0] if len(widths) == 2 else widths
