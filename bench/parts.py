"""What each part of a site costs: processor time of its processes, from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from bench.chaos.rig import Rig

_TICK_MS: Final = 1000 / os.sysconf("SC_CLK_TCK")


def processor_ms(rig: Rig) -> Mapping[str, float]:
    """Tell the milliseconds of processor time that each part has taken so far, with the processes it started."""
    return {name: sum(map(_of_process, family(rig.pid(name)))) for name in rig.names() if rig.alive(name)}


def family(pid: int) -> Iterator[int]:
    """Yield a process and all below it."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from family(int(child))


def _of_process(pid: int) -> float:
    # The command's name, in parentheses, may hold anything; user and system time are the 14th and 15th field.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_MS
