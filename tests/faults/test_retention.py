"""Workers that are killed while they delete what is due: nothing is half deleted in the end."""

import os
import signal
from pathlib import Path
from typing import Any

import psycopg

from ffmill.config import Settings
from ffmill.db.embedded import database_url
from ffmill.queue.engine import HOUSEKEEPING
from tests.faults.house import House, house
from tests.waiting import until

JOBS = 600

# Jobs that ended long ago, each with one output.
FILL = """
INSERT INTO jobs (id, account_id, status, machine, input_files, output_files, outputs, ffmpeg_commands,
                  timeout_seconds, attempt, created_at, finished_at)
SELECT id, (SELECT id FROM accounts LIMIT 1), 'succeeded', 'cpu', '{}', '["o"]',
       json_build_array(json_build_object('name', 'o', 'key', 'outputs/' || id || '/1/o', 'bytes', 1)), '["c"]', 60, 1,
       now() - interval '31 days', now() - interval '31 days'
FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, %s)) AS made RETURNING id
"""
# As the engine does at the beginning of a round; again, where one is queued already, it is refused.
ROUND = """
INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args)
VALUES (%s, %s, %s, %s, '{"timestamp": 0}')
ON CONFLICT DO NOTHING
"""
LEFT = """
SELECT (SELECT count(*) FROM jobs WHERE files_deleted_at IS NULL), (SELECT count(*) FROM deletions)
"""


def test_what_a_killed_worker_was_deleting_is_deleted_by_the_next(tmp_path: Path) -> None:
    with (
        house(tmp_path, environment={"FFMILL_WORKER_LOST_SECONDS": "4"}) as home,
        psycopg.connect(database_url(Settings(data_dir=home.service.data_dir)), autocommit=True) as connection,
    ):
        kept = [put(home, job) for (job,) in connection.execute(FILL, (JOBS,)).fetchall()]
        begin(connection)
        until(lambda: sum(path.exists() for path in kept) < JOBS, "the deleting has begun")
        pid = until(lambda: home.service.pid_of("worker"), "there is a worker")
        os.kill(pid, signal.SIGKILL)
        until(lambda: begin(connection) or connection.execute(LEFT).fetchone() == (0, 0), "all of it is done")
        assert not any(path.exists() for path in kept)


def put(home: House, job: object) -> Path:
    """The output of a job, in the store."""
    path = home.outputs / str(job) / "1" / "o"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    return path


def begin(connection: psycopg.Connection[Any]) -> None:
    """Begins a round of housekeeping, before its time."""
    connection.execute(ROUND, 4 * (HOUSEKEEPING,))
