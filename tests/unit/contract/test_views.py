from __future__ import annotations

from datetime import timedelta

import pytest

from producer.contract.export import Archive, Facts, Progress, State
from producer.contract.problem import Problem
from producer.contract.views import pending_view, settled_view
from tests.unit.contract.test_outbox import AT, pending

ARCHIVE = Archive("a.zip", 10, "ab" * 32, 3)


def ready() -> Facts:
    return pending().settle(State.READY, AT, archive=ARCHIVE, expires_at=AT + timedelta(days=7))


def test_a_pending_export_has_a_link_and_nothing_else_yet() -> None:
    view = pending_view(pending())
    assert (view.status, view.progress) == (State.QUEUED, Progress(0, 3))
    assert view.download_url == pending().download_url
    assert (view.archive, view.expires_at, view.error, view.ready_at) == (None, None, None, None)


def test_a_running_export_shows_its_progress() -> None:
    view = pending_view(pending(), status=State.RUNNING, progress=Progress(2, 3))
    assert (view.status, view.progress) == (State.RUNNING, Progress(2, 3))


def test_a_ready_export_is_complete() -> None:
    view = settled_view(ready(), AT)
    assert (view.status, view.progress, view.archive) == (State.READY, Progress(3, 3), ARCHIVE)
    assert view.ready_at == AT


@pytest.mark.parametrize(("late", "status"), [(-1, State.READY), (0, State.EXPIRED), (1, State.EXPIRED)])
def test_a_link_expires_at_its_second_whether_it_was_swept_or_not(late: int, status: State) -> None:
    view = settled_view(ready(), AT + timedelta(days=7, microseconds=late))
    assert view.status is status
    assert view.ready_at == AT


@pytest.mark.parametrize("status", [State.FAILED, State.DELETED])
def test_what_has_no_archive_was_never_ready(status: State) -> None:
    problem = Problem("urn:x", "X", 422, "It broke.")
    view = settled_view(pending().settle(status, AT, error=problem), AT + timedelta(days=30))
    assert (view.status, view.progress, view.ready_at, view.error) == (status, Progress(0, 3), None, problem)
