"""Steps, executions and readers of HTML that the tests of the renderer share."""

from __future__ import annotations

from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any

from producer.contract.export import Format, RenderProfile
from producer.contract.record import Header, Status, read_header, read_step
from producer.contract.render import Renderer, make_renderer
from producer.contract.render.model import ContentsLine, StepPage, Summary

VOID = frozenset({"meta", "img", "br", "hr", "input", "col", "wbr"})


def header(**execution: Any) -> Header:
    return read_header({"workflow": {"id": "w"}, "execution": {"id": "e", "status": "succeeded"} | execution}).header


def page(iteration: int | None = None, remarks: tuple[str, ...] = (), **step: Any) -> StepPage:
    raw = {"name": "load", "status": "succeeded"} | step
    return StepPage(read_step(raw, 0), iteration, "step-1", remarks)


def renderer(format: Format, markdown: str = "commonmark", timezone: str = "UTC") -> Renderer:  # noqa: A002 # as users know it
    return make_renderer(format, RenderProfile(markdown=markdown, timezone=timezone))


def html(markdown: str = "commonmark", **step: Any) -> str:
    return "".join(renderer(Format.HTML, markdown).step_file(header(), page(**step)))


def md(**step: Any) -> str:
    return "".join(renderer(Format.MARKDOWN).step_file(header(), page(**step)))


def lines(pages: Iterable[StepPage]) -> list[ContentsLine]:
    return [
        ContentsLine(
            one.document.step.name,
            one.iteration,
            one.document.step.status,
            one.document.step.started_at,
            one.document.step.finished_at,
            one.anchor,
        )
        for one in pages
    ]


def combined(format: Format, record_header: dict[str, Any], pages: list[StepPage], expected: int | None = None) -> str:  # noqa: A002 # as users know it
    one = renderer(format)
    contents = lines(pages)
    counts: dict[Status, int] = {}
    for line in contents:
        counts[line.status] = counts.get(line.status, 0) + 1
    summary = Summary(read_header(record_header), counts, len(pages), len(pages) if expected is None else expected)
    failures = (line for line in contents if line.status is Status.FAILED)
    steps = (piece for each in pages for piece in one.combined_step(each))
    return "".join([*one.combined_head(summary, failures, iter(contents)), *steps, *one.combined_tail()])


class Reading(HTMLParser):
    """What a page is made of. Elements that are closed in the wrong order are noted in ``misnested``."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self.misnested: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.misnested += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in {"h1", "h2", "h3", "h4", "h5", "h6"}:
            self.headings.append((int(tag[1]), ""))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.misnested.append(tag)

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.text.append(data)
        if self.headings and any(tag in self._open for tag in ("h1", "h2", "h3", "h4", "h5", "h6")):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)

    @property
    def words(self) -> str:
        return "".join(self.text)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] or "" for _, attributes in self.elements if "id" in attributes]
