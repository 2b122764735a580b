"""What holds of records that are completed, whatever the engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from producer.contract import keys
from producer.contract.errors import LeaseLost
from producer.contract.export import Export, State
from tests.fakes import Reply
from tests.fakes_engines import Asked, EngineServer, json, n8n
from tests.house import House, Process, Step, Wire
from tests.unit.producer.engines.payloads import load
from tests.unit.worker.sources.installation import N8N_EVENT, Clock, engines_at, files, settled, tell
from worker.sources.client import Limits

WORKFLOW = "n8n:mainwf0000000001"


def records(house: House) -> list[str]:
    return [key for key in house.stored() if keys.is_record(key)]


def listed(house: House) -> Any:
    return house.gateway.executions.listed(WORKFLOW, "3")


def running(_: Asked) -> Reply | None:
    """Say that the execution is still running."""
    return json({**load("n8n/run_api_execution_3_nodata.json"), "status": "running", "finished": False})


def test_what_was_accepted_is_durable_before_anything_is_asked() -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server))
        export = tell(house, "n8n", N8N_EVENT)
        assert server.asked == []
        assert (len(records(house)), len(house.pending())) == (1, 1)
        assert (listed(house).status, listed(house).step_count) == ("interrupted", 0)
        house.lose_broker()
        assert settled(house, export).status is State.READY
    assert listed(house).status == "succeeded"
    assert listed(house).step_count == len(files(house, export))


def test_the_same_event_twice_is_the_same_export_and_asks_once() -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server))
        first, again = tell(house, "n8n", N8N_EVENT), tell(house, "n8n", N8N_EVENT)
        ready = settled(house, first)
        asked = len(server.asked)
        later = tell(house, "n8n", N8N_EVENT)
        house.settle_down()
    assert {first.id, again.id, ready.id, later.id} == {first.id}
    assert (later.status, later.archive) == (State.READY, ready.archive)
    assert len(server.asked) == asked == 2
    assert (len(records(house)), len(house.archives())) == (2, 1)
    assert listed(house).status == "succeeded"


def test_exports_with_other_options_go_by_one_record() -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server))
        first, second = tell(house, "n8n", N8N_EVENT), tell(house, "n8n", N8N_EVENT, format="html")
        assert settled(house, first).status is State.READY
        assert settled(house, second).status is State.READY
    assert len(server.asked) == 2
    assert len(records(house)) == 2


def test_whoever_exports_the_completed_execution_gets_the_same_export() -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server))
        ready = settled(house, tell(house, "n8n", N8N_EVENT))
        place = {"workflow": {"id": WORKFLOW}, "execution": {"id": "3"}}
        same = house.request(place)
        assert (same.export.id, same.ready) == (ready.id, True)
        house.gateway.exports.revoke(ready.id, "somebody")
        assert tell(house, "n8n", N8N_EVENT).status is State.DELETED
        again = settled(house, house.request(place).export)
        html = settled(house, house.request(place, format="html").export)
    assert (again.id, again.status) == (ready.id, State.READY)
    assert again.archive == ready.archive
    assert again.download_url != ready.download_url
    assert html.status is State.READY
    assert len(server.asked) == 2


def test_another_event_of_the_execution_is_a_revision_that_is_shown_whole() -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server))
        first = settled(house, tell(house, "n8n", N8N_EVENT))
        house.clock.advance(5)
        bare = {"executionId": "3", "workflowId": "mainwf0000000001"}
        second = settled(house, tell(house, "n8n", bare))
    assert first.id != second.id
    assert (listed(house).status, listed(house).step_count) == ("succeeded", len(files(house, second)))


@pytest.mark.parametrize("at", range(1, 9))
def test_a_worker_that_dies_anywhere_is_made_good(at: int) -> None:
    """It dies at its n-th call to storage or board from when it has asked the engine."""
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server))
        export = tell(house, "n8n", N8N_EVENT)
        left = [at]

        def die(_: Step, call: Callable[[], Any]) -> Any:
            if server.asked:
                left[0] -= 1
                if left[0] == 0:
                    raise KeyboardInterrupt
            return call()

        house.worker.wire.around = die
        with pytest.raises(KeyboardInterrupt):
            house.work()
        house.worker.wire.around = lambda _, call: call()
        house.clock.advance(120)
        ready = settled(house, export)
    assert ready.status is State.READY, ready.error
    assert len(house.archives()) == 1
    assert house.pending() == []
    assert len(records(house)) == 2
    assert listed(house).step_count == len(files(house, export))


def test_a_worker_that_has_lost_the_export_asks_no_more() -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server))
        export = tell(house, "n8n", N8N_EVENT)
        message = house.queue.take_export()
        assert message is not None

        def lost() -> None:
            raise LeaseLost("Another worker has it.")

        record = house.worker.records.read(WORKFLOW, "3", message.pending.digest)
        with pytest.raises(LeaseLost):
            house.worker.pipeline.complete(record, message.pending, lost)
        assert server.asked == []
        house.clock.advance(120)
        assert settled(house, export).status is State.READY


def test_of_two_workers_both_go_by_the_first_answer() -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server))
        export = tell(house, "n8n", N8N_EVENT)
        message = house.queue.take_export()
        assert message is not None
        other = Process(house, Wire())
        done: list[str] = []

        def meanwhile(key: str) -> None:
            if "/fetched/" in key and not done:
                done.append(key)
                record = other.records.read(WORKFLOW, "3", message.pending.digest)
                other.pipeline.complete(record, message.pending, lambda: None)

        house.objects.before_put_if = meanwhile
        house.worker.pipeline.run(message)
        assert done
        assert settled(house, export).status is State.READY
    assert len([key for key in house.stored() if "/fetched/" in key]) == 1


def test_an_engine_that_is_away_for_a_while_is_asked_again() -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server))
        server.before = lambda _: Reply(503)
        export = tell(house, "n8n", N8N_EVENT)
        house.work()
        assert house.gateway.exports.find(export.id).status is State.QUEUED
        server.before = lambda _: None
        assert settled(house, export).status is State.READY


def test_an_engine_that_stays_away_fails_the_export_which_can_be_retried() -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server))
        server.before = lambda _: Reply(503)
        failed = settled(house, tell(house, "n8n", N8N_EVENT))
        assert failed.status is State.FAILED
        assert failed.error is not None
        assert failed.error.type == "urn:runfolio:problem:source-failed"
        assert failed.error.detail.startswith(f"n8n at http://127.0.0.1:{server.port} does not work at the moment.")
        assert "It answered 503. It has been asked since 2025-04-09 15:00 UTC." in failed.error.detail
        assert "runfolio retry" in (failed.error.remedy or "")
        assert tell(house, "n8n", N8N_EVENT).status is State.FAILED
        server.before = lambda _: None
        again = house.request({"workflow": {"id": WORKFLOW}, "execution": {"id": "3"}}).export
        ready = settled(house, again)
    assert (again.id, ready.status) == (failed.id, State.READY)
    assert again.download_url != failed.download_url


def test_an_execution_that_still_runs_is_waited_for() -> None:
    with EngineServer(n8n) as server:
        clock = Clock()
        house = House(engines=engines_at("n8n", server, pace=clock.pace))
        polls = [running, running]
        server.before = lambda asked: polls.pop(0)(asked) if polls else None
        ready = settled(house, tell(house, "n8n", N8N_EVENT))
    assert ready.status is State.READY
    assert clock.slept == [0.5, 1.0]


def test_an_engine_whose_execution_still_runs_is_asked_for_others() -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server, limits=Limits(rest=1e9)))
        tell(house, "n8n", N8N_EVENT)
        server.before = running
        house.work()
        server.before = lambda _: None
        other = tell(house, "n8n", {**N8N_EVENT, "executionId": "6"})
        house.work()
        assert house.gateway.exports.find(other.id).status is State.READY


def test_an_execution_that_never_ends_fails_with_what_the_engine_says() -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server))
        server.before = running
        failed = settled(house, tell(house, "n8n", N8N_EVENT))
    assert failed.status is State.FAILED
    assert failed.error is not None
    assert "says that the execution has not ended: status is 'running'" in failed.error.detail
    assert not any(asked.query for asked in server.asked)


def test_an_execution_that_is_gone_fails_at_once() -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server))
        export = tell(house, "n8n", {**N8N_EVENT, "executionId": "99"})
        house.work()
        failed = house.gateway.exports.find(export.id)
    assert failed.status is State.FAILED
    assert failed.error is not None
    assert "does not have the execution" in failed.error.detail


def other_workflow(house: House, event: Any) -> Export:
    return settled(house, tell(house, "n8n", event))


@pytest.mark.parametrize(
    "event",
    [{**N8N_EVENT, "workflowId": "mine"}, {**N8N_EVENT, "executionId": "7"}, {**N8N_EVENT, "executionId": "6/../3"}],
)
def test_nobody_reads_another_workflow_by_naming_its_execution(event: Any) -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server))
        failed = settled(house, tell(house, "n8n", event))
    assert failed.status is State.FAILED
    assert len(records(house)) == 1
    assert house.archives() == []
    assert not any(asked.query for asked in server.asked)
    assert all(asked.raw.count("/") == 4 for asked in server.asked)


def test_each_instance_is_asked_where_it_is() -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server, instance="prod-eu"))
        ready = settled(house, tell(house, "n8n", N8N_EVENT, instance="prod-eu"))
    assert (ready.status, ready.workflow.id) == (State.READY, "n8n@prod-eu:mainwf0000000001")


def test_a_worker_without_the_setting_says_so() -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server))
        export = tell(house, "n8n", N8N_EVENT)
        object.__setattr__(house.engines, "urls", {})
        failed = settled(house, export)
        assert server.asked == []
    assert failed.error is not None
    assert failed.error.field == "RUNFOLIO_SOURCE_N8N_URL"


def test_no_credentials_are_in_what_is_stored_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server, token="rather-wrong"))  # no secret of anybody
        failed = settled(house, tell(house, "n8n", N8N_EVENT))
    assert failed.error is not None
    assert failed.error.field == "RUNFOLIO_SOURCE_N8N_TOKEN"
    stored = b"".join(house.objects.get(key).data for key in house.stored())
    logged = "".join(str(record.__dict__) for record in caplog.records)
    assert b"rather-wrong" not in stored
    assert "rather-wrong" not in logged + repr(house.engines)


def test_a_record_whose_time_is_over_takes_its_note_along() -> None:
    with EngineServer(n8n) as server:
        house = House(engines=engines_at("n8n", server))
        settled(house, tell(house, "n8n", N8N_EVENT))
        house.clock.advance(86400 * 3)
        house.worker.sweeper(record_ttl=timedelta(days=1), owner="late").round()
    assert [key for key in house.stored() if key.startswith("executions/")] == []
