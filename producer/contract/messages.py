"""Messages as Celery's workers read them: its message protocol 2 in the envelope of Kombu's Redis transport.

Written here because Celery's own way to send costs more processor time than all else that a gateway does for a small
export. What Celery itself writes, and whether it reads this, is held against it by tests.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from typing import Any, Final

from producer.contract import jsontext

_EMBED: Final = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
_PLAIN: Final[dict[str, object]] = {
    "lang": "py",
    "shadow": None,
    "eta": None,
    "expires": None,
    "group": None,
    "group_index": None,
    "retries": 0,
    "timelimit": (None, None),
    "parent_id": None,
    # In place of the arguments, which with link and record have no place in logs.
    "argsrepr": "()",
    "kwargsrepr": "{…}",
    "origin": "runfolio",
    "ignore_result": True,
    "replaced_task_nesting": 0,
    "stamped_headers": None,
    "stamps": {},
}
_PERSISTENT: Final = 2


def write_message(task: str, arguments: object, queue: str, headers: Mapping[str, object]) -> bytes:
    """Write the message that asks for a task by its name.

    ``arguments``, a mapping or a Struct, are its keyword arguments; ``headers`` are added to those of the protocol.
    """
    identity = str(uuid.uuid4())
    properties: dict[str, Any] = {
        "correlation_id": identity,
        "reply_to": None,
        "delivery_mode": _PERSISTENT,
        "delivery_info": {"exchange": "", "routing_key": queue},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": identity,
    }
    return jsontext.encode(
        {
            "body": base64.b64encode(jsontext.encode(((), arguments, _EMBED))).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {**_PLAIN, "task": task, "id": identity, "root_id": identity, **headers},
            "properties": properties,
        }
    )
