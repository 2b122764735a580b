"""axe-core, which looks for what keeps people from using a page."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

SCRIPT: Final = Path(sys.prefix) / "npm" / "node_modules" / "axe-core" / "axe.min.js"
"""Where ``make install`` puts it."""

_RUN: Final = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map(({ html }) => html.slice(0, 200)) }));
}"""


@cache
def source() -> str:
    """Read the script."""
    return SCRIPT.read_text(encoding="utf-8")


def violations(page: Page) -> list[dict[str, Any]]:
    """Return what is wrong with a page as it is shown now."""
    page.evaluate(source())  # Through the debugger: the page's policy would keep a script element out.
    found: list[dict[str, Any]] = page.evaluate(_RUN)
    return found
