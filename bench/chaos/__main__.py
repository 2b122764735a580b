"""``python -m bench.chaos [--quick] [--only NAME …] [--seed N] [--write]`` runs the experiments, one at a time."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

from bench.chaos import (
    backlog,
    broker,
    clients,
    full_disk,
    gateways,
    retention,
    rolling,
    same,
    stalls,
    storage,
    uploads,
    workers,
)
from bench.chaos.outcome import Lab, Outcome, table
from bench.chaos.readme import write_table
from bench.chaos.rig import DidNotHappen
from producer.contract.errors import RunfolioError

EXPERIMENTS: Final[Mapping[str, Callable[[Lab], Outcome]]] = {
    "workers": workers.run,
    "gateways": gateways.run,
    "broker-wiped": broker.wiped,
    "broker-replaced": broker.replaced,
    "storage-hangs": storage.frozen,
    "storage-killed": storage.killed,
    "upload": uploads.run,
    "full-disk": full_disk.run,
    "rolling-restart": rolling.run,
    "clients": clients.run,
    "same-event": same.run,
    "backlog": backlog.run,
    "retention": retention.run,
    "stalls": stalls.run,
}

IN_CI: Final = ("workers", "broker-wiped", "upload", "full-disk", "same-event", "clients")
"""What ``--quick`` runs unless experiments are named: two to three minutes, most of it waiting."""

RESULTS: Final = Path(__file__).parent.parent / "chaos.json"
_DEFAULT_SEED: Final = 7


def main() -> int:
    """Run experiments and return 1 where anything did not hold."""
    chosen = _arguments()
    signal.signal(signal.SIGTERM, _stop)
    names = chosen.only or (IN_CI if chosen.quick else tuple(EXPERIMENTS))
    outcomes = [_run(name, quick=chosen.quick, seed=chosen.seed) for name in names]
    _say(f"\n{table(outcomes)}")
    if chosen.write:
        kept = _with_earlier(outcomes)
        RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")
        write_table(table(kept), datetime.now(UTC).date())
    return 0 if all(outcome.held for outcome in outcomes) else 1


def _with_earlier(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return these outcomes and, for experiments that were not run now, those of the last run that was written."""
    earlier = msgspec.json.decode(RESULTS.read_bytes(), type=list[Outcome]) if RESULTS.exists() else []
    newest = {one.experiment: one for one in [*earlier, *outcomes]}
    return [newest[name] for name in EXPERIMENTS if name in newest]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller, and only what fits into some minutes")
    parser.add_argument("--only", nargs="+", choices=EXPERIMENTS, metavar="NAME", help=", ".join(EXPERIMENTS))
    parser.add_argument("--seed", type=int, default=_DEFAULT_SEED, help="decides when and whom the experiments kill")
    parser.add_argument(
        "--write",
        action="store_true",
        help="write bench/chaos.json and README's table; experiments that are not run stay",
    )
    return parser.parse_args()


def _run(name: str, *, quick: bool, seed: int) -> Outcome:
    _say(f"{name} …")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="runfolio-chaos-", ignore_cleanup_errors=True) as folder:
        try:
            outcome = EXPERIMENTS[name](Lab(Path(folder) / "data", quick, seed))
        except (DidNotHappen, RunfolioError) as error:
            outcome = Outcome(name, name, (), (str(error),))
    took = time.monotonic() - began
    held = "held" if outcome.held else f"did NOT hold: {' '.join(outcome.broken)}"
    _say(f"  {held} ({took:.0f} s)\n  {'; '.join(outcome.figures)}")
    return outcome


def _stop(number: int, _: FrameType | None) -> None:
    """End as Ctrl-C does: through every block that stops what it has started."""
    raise SystemExit(128 + number)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 # printing figures is what an experiment is for


if __name__ == "__main__":
    sys.exit(main())
