from __future__ import annotations

import inspect

import pytest

from producer.contract import errors, jsontext
from producer.contract.errors import InvalidRecord, RunfolioError
from producer.contract.problem import NAMESPACE, problem_of

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind is not RunfolioError]
INTERNAL = {errors.LeaseLost, errors.ObjectExists, errors.InvalidSetting}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_that_can_be_answered_has_a_type_of_its_own(kind: type[RunfolioError]) -> None:
    problem = problem_of(kind("It is so.", field="steps[3].status", remedy="Do that."))
    assert problem.type.startswith(NAMESPACE)
    assert problem.type.endswith(":internal") == (kind in INTERNAL)
    assert (problem.detail, problem.field, problem.remedy) == ("It is so.", "steps[3].status", "Do that.")


def test_members_that_say_nothing_are_left_out() -> None:
    assert b"field" not in jsontext.encode(problem_of(InvalidRecord("It is so.")))


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.NotCompleted, 409),
        (errors.TooLarge, 413),
        (errors.InvalidRecord, 422),
        (errors.Gone, 410),
        (errors.StorageUnavailable, 503),
        (errors.UnsupportedMediaType, 415),
    ],
)
def test_statuses_are_those_of_the_contract(kind: type[RunfolioError], status: int) -> None:
    assert problem_of(kind("x")).status == status
