"""``up``: everything on one machine."""

from __future__ import annotations

import shlex
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runfolio.target import DEFAULT_DATA_DIR, Target

if TYPE_CHECKING:
    from rich.console import Console

    from runfolio.embedded import Stack
    from runfolio.embedded.info import StackInfo


def up(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port of the gateway; 0 takes a free one.")
    ] = 8000,
    data_dir: Annotated[
        Path, typer.Option("--data-dir", help="Folder that keeps everything; it is made where it is missing.")
    ] = DEFAULT_DATA_DIR,
) -> None:
    """Run everything on this machine until Ctrl-C: broker, storage, gateway, workers, sweeper."""
    began = time.monotonic()
    from rich.console import Console  # noqa: PLC0415 # the other commands need not wait for it

    from runfolio.embedded import start_stack  # noqa: PLC0415 # as above

    console = Console(highlight=False, soft_wrap=True)
    with console.status("Starting …"):
        stack = start_stack(
            data_dir,
            port,
            on_event=lambda sentence: console.print(sentence, markup=False),
            ready_checks=[_client_is_loaded],
        )
    with stack:
        seconds = time.monotonic() - began
        _show(console, stack, data_dir, seconds, _login_link(stack))
        stack.run()
    console.print("Stopped.")


def _client_is_loaded(_: StackInfo) -> bool:
    """Load the HTTP client while the stack starts: it is asked for a link as soon as that is ready."""
    return bool(import_module("runfolio.client"))


def _login_link(stack: Stack) -> str:
    from runfolio.client import GatewayClient  # noqa: PLC0415 # the other commands need not wait for the HTTP client

    with GatewayClient(Target(stack.info.gateway_url, stack.admin_token)) as client:
        return client.login_link()


def _show(console: Console, stack: Stack, data_dir: Path, seconds: float, login_link: str) -> None:
    where = "" if data_dir == DEFAULT_DATA_DIR else f" --data-dir {shlex.quote(str(data_dir))}"
    lines = (
        ("Web page", login_link),
        ("", f"logs in once, within an hour; 'runfolio login{where}' prints another link"),
        ("API", f"{stack.info.gateway_url}/docs"),
        ("Admin token", str(stack.data.admin_token_file)),
        ("Logs", str(stack.data.logs)),
        ("Send one", f"runfolio send{where} FILE"),
        ("Stop", "Ctrl-C"),
    )
    console.print(f"[bold green]Runfolio is ready[/] after {seconds:.1f} s.")
    for name, value in lines:
        console.print(f"  {name:<12}", style="dim", end="")
        console.print(value, markup=False)
