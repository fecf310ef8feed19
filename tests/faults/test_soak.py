"""A short soak with a fixed seed; `make soak` has the long one."""

from pathlib import Path

from tests.faults.conftest import Note
from tests.faults.soak import soaking

SEED = 7
SECONDS = 20.0


def test_nothing_is_lost_or_left_in_a_short_soak(tmp_path: Path, note: Note) -> None:
    with soaking(tmp_path, SEED) as soak:
        report = soak.run(SECONDS, note)
    for line in report.lines():
        note(line)
