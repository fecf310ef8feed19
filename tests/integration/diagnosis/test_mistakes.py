"""Commands that really fail: why is told by code, how to mend it by words, and what is offered instead works."""

from collections import Counter
from pathlib import Path

import pytest

from ffmill.errors import FailureCode
from tests.integration.diagnosis import (
    mistakes_of_codecs,
    mistakes_of_files,
    mistakes_of_filters,
    mistakes_of_formats,
    mistakes_of_inputs,
    mistakes_of_options,
    mistakes_of_signs,
    mistakes_of_streams,
    mistakes_of_words,
)
from tests.integration.diagnosis.bench import Bench
from tests.integration.diagnosis.mistakes import Mistake

MISTAKES = (
    *mistakes_of_options.MISTAKES,
    *mistakes_of_codecs.MISTAKES,
    *mistakes_of_filters.MISTAKES,
    *mistakes_of_streams.MISTAKES,
    *mistakes_of_inputs.MISTAKES,
    *mistakes_of_words.MISTAKES,
    *mistakes_of_signs.MISTAKES,
    *mistakes_of_formats.MISTAKES,
    *mistakes_of_files.MISTAKES,
)
HAS_DEVICES = Path("/dev/nvidiactl").exists() or Path("/dev/dri").exists()
# What no command of FFmpeg says: the worker tells these, and the crash is made up in unit tests.
OF_THE_WORKER = {
    FailureCode.INPUT_UNREACHABLE,
    FailureCode.INPUT_TOO_LARGE,
    FailureCode.OUTPUT_MISSING,
    FailureCode.TIME_LIMIT,
    FailureCode.CPU_LIMIT,
    FailureCode.MEMORY_LIMIT,
    FailureCode.DISK_LIMIT,
    FailureCode.THREAD_LIMIT,
    FailureCode.FILE_LIMIT,
    FailureCode.WORKER_LOST,
    FailureCode.WORKER_FAULT,
    FailureCode.RULES_CHANGED,
    FailureCode.FFMPEG_CRASHED,
    FailureCode.UNKNOWN,
}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_told_and_mended(mistake: Mistake, bench: Bench, tmp_path: Path) -> None:
    if HAS_DEVICES and mistake.code is FailureCode.GPU_UNAVAILABLE:
        pytest.skip("this machine has a GPU, on which it is no mistake")
    failure = bench.fails(mistake.command, tmp_path)
    assert failure is not None, "it succeeded"
    assert (failure.code, failure.corrected_command) == (mistake.code, mistake.corrected), failure
    assert mistake.hint in failure.hint
    assert failure.summary
    assert failure.detail
    if failure.corrected_command is not None:
        again = bench.fails(failure.corrected_command, tmp_path)
        assert again is None, again


def test_names_of_mistakes_are_told_apart() -> None:
    assert [name for name, times in Counter(mistake.name for mistake in MISTAKES).items() if times > 1] == []


def test_every_code_that_a_command_can_cause_has_a_mistake() -> None:
    assert set(FailureCode) - {mistake.code for mistake in MISTAKES} == OF_THE_WORKER
