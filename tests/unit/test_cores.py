"""Which cores a slot gets."""

import os

import pytest
from structlog.testing import capture_logs

from ffmill.config import Settings
from ffmill.sandbox.cores import Cores, pinned_to


def test_without_the_setting_every_slot_has_all_cores() -> None:
    assert Cores.of(Settings()).of_slot(0) is None


def test_slots_get_cores_of_their_own_while_there_are_any() -> None:
    cores = Cores(usable=(0, 1, 4, 5), each=2)
    assert [cores.of_slot(slot) for slot in range(3)] == [{0, 1}, {4, 5}, {0, 1}]


@pytest.mark.parametrize(("count", "each"), [(8, 3), (5, 2), (16, 5), (2, 1), (64, 63)])
def test_cores_are_dealt_out_evenly(count: int, each: int) -> None:
    cores = Cores(usable=tuple(range(count)), each=each)
    dealt = [core for slot in range(count) for core in cores.of_slot(slot) or ()]
    assert {dealt.count(core) for core in range(count)} == {each}


def test_a_worker_with_no_more_cores_than_a_job_may_use_gives_all() -> None:
    assert Cores(usable=(0, 1), each=2).of_slot(1) is None


def test_the_worker_itself_keeps_all_its_cores() -> None:
    before = os.sched_getaffinity(0)
    with pinned_to(frozenset({min(before)})):
        assert os.sched_getaffinity(0) == {min(before)}
    assert os.sched_getaffinity(0) == before


def test_cores_that_are_gone_do_not_keep_a_program_from_starting() -> None:
    before = os.sched_getaffinity(0)
    with pinned_to(frozenset({100_000})):
        assert os.sched_getaffinity(0) == before


def test_where_cores_cannot_be_given_the_setting_is_ignored_and_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")  # as on macOS
    with capture_logs() as logs:
        assert Cores.of(Settings(threads=1)).of_slot(0) is None
    assert "FFMILL_THREADS is ignored" in logs[0]["event"]


def test_a_container_that_forbids_it_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    with capture_logs() as logs:
        assert Cores.of(Settings(threads=1)).of_slot(0) is None
    assert "not permitted" in logs[0]["error"]
