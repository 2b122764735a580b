"""Suites that hold for every implementation of an interface, whatever stands behind it."""

import pytest

pytest.register_assert_rewrite("tests.contract_suites.objects", "tests.contract_suites.object_streams")
