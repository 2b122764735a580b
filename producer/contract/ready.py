"""Types that several threads may read at once from their first use on.

msgspec looks up the fields of a Struct when it is first decoded or converted into. A second thread that comes meanwhile
takes what is there by then for the whole, and the process dies of a segmentation fault. So each type that msgspec is to
read goes through ``ready``, where one thread alone looks it up, with all types inside of it.
"""

from __future__ import annotations

import threading
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")

_READY: Final[set[Any]] = set()
_LOOKING_UP: Final = threading.Lock()


def ready(model: type[T]) -> type[T]:
    """Return a type once msgspec knows all about it."""
    if model not in _READY:
        with _LOOKING_UP:
            msgspec.json.Decoder(model)
            _READY.add(model)
    return model
