"""What a run leaves behind: results.json, README's table, and charts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from bench.charts import bars
from bench.figures import Figure
from bench.goals import GOALS

ROOT: Final = Path(__file__).parent.parent
RESULTS: Final = ROOT / "bench" / "results.json"
README: Final = ROOT / "README.md"
CHARTS: Final = ROOT / "docs" / "images" / "bench"
BEGIN: Final = "<!-- bench: written by python -m bench --write -->"
END: Final = "<!-- end of bench -->"


class Results(Struct, frozen=True):
    """All that is known of a full run. Figures that were not measured anew stay, with the date of their own run."""

    machine: Mapping[str, str]
    versions: Mapping[str, str]
    figures: Mapping[str, Figure]
    dates: Mapping[str, date]


def merged(earlier: Results | None, now: Results) -> Results:
    """Put new figures over earlier ones, in the order of the goals."""
    figures = {**(earlier.figures if earlier else {}), **now.figures}
    dates = {**(earlier.dates if earlier else {}), **now.dates}
    known = [key for key in GOALS if key in figures]
    return Results(now.machine, now.versions, {key: figures[key] for key in known}, {key: dates[key] for key in known})


def write(now: Results) -> None:
    """Write everything."""
    earlier = msgspec.json.decode(RESULTS.read_bytes(), type=Results) if RESULTS.exists() else None
    results = merged(earlier, now)
    RESULTS.write_bytes(_laid_out(results))
    CHARTS.mkdir(parents=True, exist_ok=True)
    for name, chart in charts(results.figures).items():
        (CHARTS / f"{name}.svg").write_text(chart, encoding="utf-8")
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n{_section(results)}\n{END}{after}", encoding="utf-8")


def _laid_out(results: Results) -> bytes:
    """Write JSON with one figure a line, which keeps differences between runs readable."""
    plain = msgspec.to_builtins(results)
    rows = ",\n".join(
        f'    "{key}": {msgspec.json.encode(figure).decode()}' for key, figure in plain.pop("figures").items()
    )
    head = msgspec.json.format(msgspec.json.encode(plain), indent=2).decode().removesuffix("\n}")
    return f'{head},\n  "figures": {{\n{rows}\n  }}\n}}\n'.encode()


def table(figures: Iterable[Figure]) -> str:
    """Write figures as a Markdown table."""
    rows = [
        f"| `{one.key}` | {GOALS[one.key].what} | {one.value:.3g} | {GOALS[one.key].text} | "
        f"{'yes' if one.met else '**no**'} | {_beside(one)} |"
        for one in figures
    ]
    head = ["| Figure | What | Measured | Goal | Met | Each side |", "| --- | --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *rows])


def _beside(figure: Figure) -> str:
    said = [f"{side} {middle(figure, side):.3g}" for side in figure.samples]
    words = f"{', '.join(said)} {figure.unit}" if said else ""
    facts = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in figure.facts.items())
    return "; ".join(part for part in (words, facts) if part)


def middle(figure: Figure, side: str) -> float:
    """Return the median of what a side's rounds found: of their medians, or of their 99th percentiles."""
    return _typical([spread.p99 if "_p99_" in figure.key else spread.p50 for spread in figure.samples[side]])


def _section(results: Results) -> str:
    about = results.machine
    days = sorted({day.isoformat() for day in results.dates.values()})
    where = f"{about['processor']}, {about['cores']} cores, {about['memory_gib']} GiB, {about['system']}"
    head = f"`make bench` on {where}, Python {about['python']}, {' and '.join(days)}:"
    pictures = "\n".join(f"![{_TITLES[name]}](docs/images/bench/{name}.svg)" for name in charts(results.figures))
    return f"{head}\n\n{table(results.figures.values())}\n\n{pictures}"


_TITLES: Final = {
    "latency": "Milliseconds from an event to the published link: median and 99th percentile, product and floor",
    "throughput": "Exports a second at saturation: product and floor",
    "pipeline": "MB of record a second on one core: product, peer, and the bare sum of the parts",
    "growth": "Microseconds a step costs, in archives of 10 to 100,000 steps",
}


def charts(figures: Mapping[str, Figure]) -> dict[str, str]:
    """Draw what is there to draw."""
    rows = {
        "latency": _latency(figures.get("latency_p50_ratio")),
        "throughput": _sides(figures.get("throughput_ratio")),
        "pipeline": _pipeline(figures),
        "growth": _sides(figures.get("cost_growth")),
    }
    return {name: bars(_TITLES[name], row) for name, row in rows.items() if row}


def _sides(figure: Figure | None, label: str = "") -> list[tuple[str, float]]:
    return [(f"{label}{side}", middle(figure, side)) for side in figure.samples] if figure else []


def _latency(figure: Figure | None) -> list[tuple[str, float]]:
    if figure is None:
        return []
    return [
        (f"{side}, {word}", _typical([getattr(spread, word) for spread in spreads]))
        for word in ("p50", "p99")
        for side, spreads in figure.samples.items()
    ]


def _typical(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _pipeline(figures: Mapping[str, Figure]) -> list[tuple[str, float]]:
    rows: list[tuple[str, float]] = []
    for kind in ("html", "markdown"):
        rows += _sides(figures.get(f"{kind}_pipeline_ratio"), f"{kind}: ")
        rows += _sides(figures.get(f"{kind}_limit_ratio"), f"{kind}: ")[1:]
    return rows
