"""Every attack of the tables, at every level: no canary may notice it."""

import re

import pytest

from tests.attacks.cage.arena import Arena
from tests.attacks.cage.case import Case
from tests.attacks.cage.tables import CASES

LEAST = 80


def test_there_are_enough_attacks_and_each_has_a_name() -> None:
    assert len(CASES) >= LEAST
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_an_attack_gets_at_nothing(arena: Arena, case: Case) -> None:
    outcome = await arena.attempt(case)
    assert outcome.noticed == [], outcome.log
    if outcome.exit is None:
        assert case.until, outcome.log
        return
    assert not case.fails or outcome.exit.code != 0, outcome.log
    assert not case.empty or not any(outcome.written.values()), (outcome.written, outcome.log)
    assert re.search(case.limit, outcome.exit.limit or ""), (outcome.exit, outcome.log)
