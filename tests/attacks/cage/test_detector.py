"""The attacks are real, and what looks for their traces sees them: without a cage they get at what they want."""

import base64
from collections.abc import Callable

import pytest

from tests.attacks.cage.arena import Arena
from tests.attacks.cage.case import Case
from tests.attacks.cage.tables import CASES
from tests.attacks.cage.tokens import spellings, token

WRITTEN: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "in two bytes a character": lambda secret: secret.encode("utf-16"),
    "in digits": lambda secret: secret.encode().hex().encode(),
    "in base64, behind a byte": lambda secret: base64.b64encode(b"x" + secret.encode()),
    "in base64, behind two bytes": lambda secret: base64.b64encode(b"xx" + secret.encode() + b"more"),
    "half of it": lambda secret: secret[7:23].encode(),
}
BARE = [case for case in CASES if case.bare]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", BARE, ids=lambda case: case.name)
async def test_an_attack_succeeds_without_a_cage(open_arena: Arena, case: Case) -> None:
    outcome = await open_arena.attempt(case)
    assert outcome.noticed, outcome.log


@pytest.mark.asyncio(loop_scope="module")
async def test_what_does_no_harm_is_not_noticed(open_arena: Arena) -> None:
    outcome = await open_arena.attempt(Case("harmless", "-f lavfi -i testsrc2=s=64x64:d=0.2 outputs/a.mp4"))
    assert outcome.noticed == []
    assert outcome.written["outputs/a.mp4"] > 0


@pytest.mark.parametrize("how", WRITTEN)
def test_a_secret_is_found_however_it_is_written(how: str) -> None:
    secret, write = token(), WRITTEN[how]
    assert any(spelled in b"..." + write(secret) + b"..." for spelled in spellings(secret))
    assert not any(spelled in write(token()) for spelled in spellings(secret))
