"""The command ``runfolio``."""

from __future__ import annotations

import sys
import typer
from runfolio import parts

app = typer.Typer()

@app.command()
def gateway() -> None:
    parts.run_gateway()

@app.command()
def worker(callbacks: bool = False) -> None:
    sys.exit(parts.run_worker(callbacks=callbacks))

@app.command()
def sweep() -> None:
    parts.run_sweeper()

@app.command()
def up(port: int = 8000, data_dir: str = ".runfolio") -> None:
    from pathlib import Path
    from runfolio.embedded.launch import start_stack
    import time
    t = time.time()
    stack = start_stack(Path(data_dir), port, on_event=print)
    print(stack.info.gateway_url, time.time() - t)
    stack.run()

def main() -> None:
    app()
