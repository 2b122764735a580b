from __future__ import annotations

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producer.contract.board import Board, ExecutionSummary
from tests.integration.board.examples import every, execution

pytestmark = pytest.mark.integration

STATUSES = ("succeeded", "failed", "running")
events = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(STATUSES),
        st.integers(0, 5),
        st.integers(0, 3),
        st.booleans(),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events)
def test_the_listing_agrees_with_a_plain_model(
    board: Board, client: redis.Redis, happened: list[tuple[int, str, int, int, bool]]
) -> None:
    client.flushdb()
    model: dict[str, ExecutionSummary] = {}
    for number, status, accepted, listed, forgotten in happened:
        one = execution(number, status=status, accepted_at=accepted, listed_at=listed)
        old = model.get(one.execution_id)
        if forgotten:
            assert board.executions.forget("n8n:1", one.execution_id) == (old is not None)
            model.pop(one.execution_id, None)
            continue
        wins = old is None or (status != "running", accepted) > (old.status != "running", old.accepted_at)
        if old is not None and old.status == "running" and status != "running":
            wins = True
        assert board.executions.put(one) == wins
        if wins:
            model[one.execution_id] = one

    found = every(lambda cursor: board.executions.page("n8n:1", cursor=cursor, limit=2))
    assert [each.listed_at for each in found] == sorted((each.listed_at for each in model.values()), reverse=True)
    assert {each.execution_id: each for each in found} == model
    for status in STATUSES:
        chosen = board.executions.page("n8n:1", status=status).items
        assert {each.execution_id for each in chosen} == {i for i, each in model.items() if each.status == status}
    workflow = board.workflows.find("n8n:1")
    assert (workflow.executions if workflow else 0) == len(model)
    assert workflow is None or workflow.last_listed_at == max(each.listed_at for each in model.values())
