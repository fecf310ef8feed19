"""The id of an event of a job, from which its stream is resumed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffmill.events.position import Position
from ffmill.jobs.model import Progress, Status

COUNTS = st.integers(0, 999_999_999)
STATES = ["new", "unattended", "end", *map(str, Status)]


@given(COUNTS, COUNTS, COUNTS, st.sampled_from(STATES), COUNTS)
def test_an_id_is_read_as_it_was_written(attempt: int, line: int, outputs: int, state: str, command_index: int) -> None:
    position = Position(attempt=attempt, line=line, outputs=outputs, state=state, command_index=command_index)
    assert Position.of(position.text) == position


def test_progress_is_not_in_the_id() -> None:
    assert Position(progress=Progress(percent=1)).text == Position().text == "0.0.0.new.0"


MALFORMED = {
    "nothing": "",
    "another word": "1.0.0.paused.0",
    "too little": "1.0.0.running",
    "too much": "1.0.0.running.0.0",
    "a sign": "-1.0.0.running.0",
    "a large number": "1.0000000000.0.running.0",
    "other digits": "1.٣.0.running.0",
    "a blank": "1.0.0.running.0 ",
    "a line end": "1.0.0.running.0\n",
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_id_is_none(text: str) -> None:
    assert Position.of(text) is None


@given(st.text(max_size=40))
def test_no_text_upsets_the_reader(text: str) -> None:
    position = Position.of(text)
    assert position is None or Position.of(position.text) == position
