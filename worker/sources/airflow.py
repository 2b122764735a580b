"""Airflow 3's REST API (``/api/v2``): a DAG run, its task instances, their tries, XComs and logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from producer.contract.errors import SourceFailed
from worker.sources.client import Client, object_of, rows_of

_PAGE: Final = 100
"""Rows that are asked for at once; an installation may give fewer, so what comes is counted."""

_FLAT: Final = frozenset({"dag_id", "run_id", "dag_run_id", "state"})


class Airflow:
    """Asks for DAG runs by ``dag`` and ``run``."""

    def sign_in(self, client: Client, token: str) -> None:
        """Send a token: the one given, or one that user and password (``user:password``) are changed for."""
        user, colon, password = token.partition(":")
        if colon:
            answer = client.post("auth", "token", body={"username": user, "password": password})
            token = str(object_of(client, answer).get("access_token") or "")
            if not token:
                raise SourceFailed(f"{client.name} gave no access_token for user and password.")
        if token:
            client.headers["Authorization"] = f"Bearer {token}"

    def head(self, client: Client, ids: Mapping[str, str]) -> dict[str, Any]:
        """Fetch the DAG run."""
        return {"dag_run": object_of(client, client.get(*_run(ids)))}

    def rest(self, client: Client, ids: Mapping[str, str], head: dict[str, Any]) -> dict[str, Any]:
        """Fetch its task instances, and of each its tries, its XComs and the log of every try."""
        run = _run(ids)
        instances = list(_rows(client, "task_instances", *run, "taskInstances"))
        tries = {_key(one): found for one in instances if (found := _tries(client, run, one)) is not None}
        return {
            **head,
            "task_instances": instances,
            "tries": tries,
            "xcom": _xcom(client, run, instances),
            "logs": dict(_logs(client, run, instances)),
        }

    def kept(self, told: dict[str, Any]) -> dict[str, Any]:
        """Keep what a callback or listener said beside the DAG run, such as the reason of a failure."""
        return told if isinstance(told.get("dag_run"), dict) else {k: v for k, v in told.items() if k not in _FLAT}


def _run(ids: Mapping[str, str]) -> tuple[str, ...]:
    return ("api", "v2", "dags", ids["dag"], "dagRuns", ids["run"])


def _rows(client: Client, name: str, *path: str) -> Iterator[dict[str, Any]]:
    """Go through a listing; an installation may give fewer rows than are asked for, so they are counted."""
    seen = 0
    while True:
        answer = client.get(*path, limit=_PAGE, offset=seen)
        rows = rows_of(client, answer, name)
        yield from (object_of(client, row) for row in rows)
        seen += len(rows)
        total = answer.get("total_entries") if isinstance(answer, dict) else None
        if not rows or (isinstance(total, int) and seen >= total):
            return


def _key(instance: dict[str, Any]) -> str:
    return f"{instance.get('task_id')}[{_index(instance)}]"


def _index(instance: dict[str, Any]) -> int:
    index = instance.get("map_index")
    return index if isinstance(index, int) else -1


def _number(instance: dict[str, Any]) -> int:
    number = instance.get("try_number")
    return number if isinstance(number, int) else 0


def _path(run: tuple[str, ...], instance: dict[str, Any]) -> tuple[str, ...]:
    return (*run, "taskInstances", str(instance.get("task_id")))


def _tries(client: Client, run: tuple[str, ...], instance: dict[str, Any]) -> Any:
    """Fetch the tries of what was tried more than once; of all else the task instance itself is the one."""
    if _number(instance) < 2:
        return None
    index = _index(instance)
    mapped = () if index < 0 else (str(index),)
    return client.optional("tries of a task", *_path(run, instance), *mapped, "tries")


def _xcom(client: Client, run: tuple[str, ...], instances: list[dict[str, Any]]) -> dict[str, Any]:
    """Fetch the XComs: which there are, and the value of each."""
    listed = client.lenient(
        "XComs", lambda: list(_rows(client, "xcom_entries", *run, "taskInstances", "~", "xcomEntries"))
    )
    if listed is None:
        return {}
    values: dict[str, list[Any]] = {_key(one): [] for one in instances}
    for entry in listed:
        path = (*_path(run, entry), "xcomEntries", str(entry.get("key")))
        value = client.optional("the value of an XCom", *path, map_index=_index(entry))
        values.setdefault(_key(entry), []).append(value if isinstance(value, dict) else entry)
    return values


def _logs(client: Client, run: tuple[str, ...], instances: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    for instance in instances:
        for number in range(1, _number(instance) + 1):
            path = (*_path(run, instance), "logs", str(number))
            log = client.optional("the log of a try", *path, map_index=_index(instance), full_content="true")
            if log is not None:
                yield f"{_key(instance)}#{number}", log
