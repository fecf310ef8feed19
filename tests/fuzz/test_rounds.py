"""The long run itself."""

from hypothesis import strategies as st

from tests.fuzz.rounds import Rounds
from tests.fuzz.target import Target


def test_a_failure_is_told_with_its_smallest_example_and_the_others_go_on() -> None:
    told: list[str] = []

    def never_large(number: int) -> None:
        assert number < 1000, f"the smallest is {number}"

    def always_fine(number: int) -> None:
        assert number >= 0

    drawn = {"number": st.integers(0, 10_000)}
    targets = [Target(name=check.__name__, check=check, drawn=drawn) for check in (never_large, always_fine)]
    rounds = Rounds(targets=targets)
    assert not rounds.run(0.5, told.append)
    assert "the smallest is 1000" in told[0]
    assert [line.split()[-1] for line in told[1:]] == ["never_large", "always_fine"]
    assert "FAILED" in told[1]
    assert "no failure" in told[2]
    assert rounds.tallies[1].tried > 20
