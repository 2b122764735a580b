"""How often one value of an event may be shown."""

from __future__ import annotations

from typing import Any, Final

from producer.contract import jsontext

MAX_COPY_BYTES: Final = 1024 * 1024
MAX_COPIED_BYTES: Final = 64 * 1024 * 1024


class Copies:
    """How much of one execution may be shown at more than one place.

    An event can name one large value as the input of any number of runs. Copying it to each would make a small event
    a huge record, and a step that fits one that does not; so a copy is at most ``MAX_COPY_BYTES``, and all copies
    together are at most ``MAX_COPIED_BYTES``.
    """

    def __init__(self) -> None:
        self._left = MAX_COPIED_BYTES
        self._sizes: dict[str, int] = {}

    def allow(self, original: str, value: Any) -> bool:
        """Whether the value may be shown once more; ``original`` is the path where it stands in the event."""
        size = self._sizes.get(original)
        if size is None:
            size = self._sizes[original] = len(jsontext.encode(value))
        if size > min(MAX_COPY_BYTES, self._left):
            return False
        self._left -= size
        return True
