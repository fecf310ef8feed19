"""Which of the jobs that have ended are asked for next."""

from uuid import UUID, uuid4

from ffmill.events.backlog import MOST_HEARD, Backlog
from ffmill.events.repository import MOST_ENDED


def ids(count: int) -> list[UUID]:
    return [uuid4() for _ in range(count)]


def test_a_question_is_small_and_what_came_first_is_asked_first() -> None:
    backlog, jobs = Backlog(), ids(3 * MOST_HEARD)
    backlog.hear(jobs)
    assert backlog.next() == backlog.next() == jobs[:MOST_HEARD]
    backlog.done(backlog.next())
    assert backlog.next() == jobs[MOST_HEARD : 2 * MOST_HEARD]


def test_an_account_with_many_jobs_keeps_no_other_waiting() -> None:
    backlog, (many, few) = Backlog(), ids(2)
    for job_id in ids(10 * MOST_ENDED):
        backlog.put_off(many, job_id)
    (waiting,) = ids(1)
    backlog.put_off(few, waiting)
    assert waiting in backlog.next()[:2]
    assert len(backlog.next()) == MOST_ENDED


def test_after_a_failure_less_is_asked_and_after_success_more_again() -> None:
    backlog, jobs = Backlog(), ids(3 * MOST_HEARD)
    backlog.hear(jobs)
    for _ in range(20):
        backlog.failed()
    assert backlog.next() == jobs[:1]
    backlog.done(backlog.next())
    assert backlog.next() == jobs[1:3]


def test_what_nobody_follows_is_forgotten() -> None:
    backlog, (ours, theirs) = Backlog(), ids(2)
    for account_id in (ours, theirs):
        backlog.put_off(account_id, uuid4())
    backlog.keep([ours])
    assert (backlog.holds(ours), backlog.holds(theirs)) == (True, False)
    backlog.hear(ids(1))
    assert backlog.holds(theirs), "it may be theirs"
    backlog.keep([])
    assert backlog.next() == []
