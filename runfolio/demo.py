"""``python -m runfolio.demo``: the whole path on this machine, shown and measured, leaving nothing behind."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from email.message import Message
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from rich.console import Console
from rich.markup import escape
from rich.progress import track

from producer.contract.errors import RunfolioError
from runfolio import terminal
from runfolio.embedded import Stack, start_stack

SAMPLE: Final = Path(__file__).parent.parent / "samples" / "codemie-virtual-assistant.json"
_WARM_UPS: Final = 5
_RUNS: Final = 30
_STEPS: Final = 10
_SHOWN_LINES: Final = 12

console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """Run the demonstration and return its exit code."""
    try:
        # The sample is read first: without it there is nothing to start a stack for.
        payload = SAMPLE.read_bytes()
        with tempfile.TemporaryDirectory(prefix="runfolio-demo-") as folder:
            began = time.monotonic()
            _say("Starting broker, storage, gateway, worker and sweeper …")
            with start_stack(Path(folder) / "data", 0, on_event=lambda sentence: _say(escape(sentence))) as stack:
                _fact("ready after", time.monotonic() - began)
                _show(stack, payload, Path(folder) / "archive")
                _measure(stack)
            _say("Stopped; nothing is left behind.")
    except (RunfolioError, OSError) as error:
        _fail(error)
        return 1
    return 0


def _fail(error: RunfolioError | OSError) -> None:
    terminal.complain(error if isinstance(error, RunfolioError) else RunfolioError(str(error)))


def _show(stack: Stack, payload: bytes, folder: Path) -> None:
    """Send the sample as its engine would, and follow the link as a user would."""
    began = time.monotonic()
    (export,) = _post(stack, "/v1/engines/codemie/events", "application/json", payload)
    _fact("POST to 202", time.monotonic() - began)
    archive, name = _download(export["download_url"])
    _fact("POST to downloaded", time.monotonic() - began)
    _say(f"\n[bold]{escape(name)}[/], {len(archive)} bytes, from {export['download_url']}")
    folder.mkdir()
    packed = folder / "archive.zip"
    packed.write_bytes(archive)
    with zipfile.ZipFile(packed) as opened:
        names = opened.namelist()
        opened.extractall(folder)
    for one in names:
        console.print(f"  {one}  ({(folder / one).stat().st_size} bytes)", markup=False)
    _show_beginning(folder / names[0])


def _show_beginning(file: Path) -> None:
    _say(f"\nThe beginning of [bold]{escape(file.name)}[/]:\n")
    with file.open(encoding="utf-8") as lines:
        for line in islice(lines, _SHOWN_LINES):
            console.print(f"  {line.rstrip()}", markup=False)


def _measure(stack: Stack) -> None:
    """Time from sending an execution to holding its archive, each execution a new one."""
    _say(f"\nFrom POST to the downloaded archive, {_STEPS} steps, {_RUNS} executions after {_WARM_UPS} warm-ups:")
    quiet = not console.is_terminal
    runs = track(range(_WARM_UPS + _RUNS), "Measuring", console=console, disable=quiet, transient=True)
    seconds = sorted(islice((_round_trip(stack, number) for number in runs), _WARM_UPS, None))
    _fact("median", statistics.median(seconds))
    _fact("95th percentile", statistics.quantiles(seconds, n=20, method="inclusive")[-1])


def _round_trip(stack: Stack, number: int) -> float:
    body = b"".join(_execution(number))
    began = time.monotonic()
    (export,) = _post(stack, "/v1/events", "application/x-ndjson", body)
    archive, _ = _download(export["download_url"])
    took = time.monotonic() - began
    if not archive.startswith(b"PK"):
        raise RunfolioError(f"What {export['download_url']} gave is no archive.")
    return took


def _execution(number: int) -> Iterator[bytes]:
    times = {"started_at": "2025-04-09T12:00:00Z", "finished_at": "2025-04-09T12:00:01Z"}
    execution = {"id": f"execution-{number}", "status": "succeeded", **times}
    yield json.dumps({"workflow": {"id": "demo:measure", "name": "measure"}, "execution": execution}).encode() + b"\n"
    for step in range(_STEPS):
        output = f"# Step {step}\n\nExecution *{number}*.\n\n" + "A paragraph of ordinary text. " * 20
        yield json.dumps({"name": f"step {step}", "status": "succeeded", "output": output, **times}).encode() + b"\n"


def _post(stack: Stack, path: str, content_type: str, body: bytes) -> list[dict[str, Any]]:
    headers = {
        "Authorization": f"Bearer {stack.admin_token}",
        "Content-Type": content_type,
        "ce-specversion": "1.0",
        "ce-id": "demo",
        "ce-source": "runfolio-demo",
        "ce-type": "runfolio.execution.completed.v1",
    }
    request = urllib.request.Request(stack.info.gateway_url + path, body, headers)  # noqa: S310 # the stack's own address
    with _direct().open(request, timeout=60) as answer:
        exports: list[dict[str, Any]] = json.load(answer)["exports"]
    return exports


def _download(link: str) -> tuple[bytes, str]:
    """Follow a link without any token; return the archive and the name under which it is saved."""
    with _direct().open(link, timeout=60) as answer:
        return answer.read(), _file_name(answer.headers) or urlsplit(link).path


def _file_name(headers: Message) -> str | None:
    return headers.get_filename()


def _direct() -> urllib.request.OpenerDirector:
    """Open addresses of this machine without a proxy, whatever the environment says."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _say(text: str) -> None:
    console.print(text)


def _fact(name: str, seconds: float) -> None:
    console.print(f"  {name:<20}", style="dim", end="")
    console.print(f"{seconds * 1000:8.1f} ms")


if __name__ == "__main__":
    sys.exit(main())
