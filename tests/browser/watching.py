"""What a browser notices by itself while a test goes on: errors, dialogs, requests that lead elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from playwright.sync_api import ConsoleMessage, Dialog, Page, Request


class Watch:
    """Notes what must not happen on a page. ``own`` are the addresses that it may ask."""

    def __init__(self, page: Page, own: Sequence[str]) -> None:
        self.noticed: list[str] = []
        self.expected: tuple[str, ...] = ()
        """Parts of messages that a test provokes on purpose."""
        self._own = (*own, "data:", "blob:")
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._note(f"error: {error}"))
        page.on("dialog", self._dialog)
        page.on("popup", lambda popup: self._note(f"popup: {popup.url}"))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._note(f"console: {message.text}")

    def _dialog(self, dialog: Dialog) -> None:
        self._note(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        if not request.url.startswith(self._own):
            self._note(f"request: {request.url}")

    def _note(self, what: str) -> None:
        if not any(part in what for part in self.expected):
            self.noticed.append(what)
