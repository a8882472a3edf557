"""Every case of every corpus, one test each."""

import pytest

from tests.conformance.adapter import OPERATIONS
from tests.conformance.checks import Outcome, failure
from tests.conformance.corpus import FOLDER, Case, cases

CASES = cases()


@pytest.mark.skipif(not CASES, reason=f"no conformance cases in {FOLDER}")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case: Case) -> None:
    operation = OPERATIONS.get(case.op)
    if operation is None:
        pytest.fail(f"nothing answers the operation {case.op!r}")

    outcome = Outcome.of(operation, case.input)

    for check in case.checks:
        if reason := failure(check, outcome, op=case.op):
            pytest.fail(f"{reason}\ninput: {case.input!r}", pytrace=False)
