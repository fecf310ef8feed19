"""Rows and objects that do not match are found, told and mended; what matches stays."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr

from ffmill.config import Settings
from ffmill.db.pool import Connection, Pool
from ffmill.errors import CannotStart
from ffmill.jobs import attempts, repository
from ffmill.jobs.model import Job
from ffmill.retention import losses
from ffmill.retention.expiry import OBJECTS, steps
from ffmill.retention.sweep import Counts, Sweep, refuse_strangers
from ffmill.store import objects as listing
from ffmill.store import tmp_files
from ffmill.store.store import Store, open_store
from tests.failures import LOST
from tests.integration.kept import begun, ended, objects, put, stray_output, uploaded
from tests.integration.s3_server import S3Server, s3_settings
from tests.integration.test_cli import ffmill
from tests.integration.test_repository import claim, new_account, new_worker, submit


@pytest.fixture(params=["disk", "s3"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "disk":
        return Settings(store_url=(tmp_path / "store").as_uri())
    server: S3Server = request.getfixturevalue("s3")
    return s3_settings(server, f"sweep/{tmp_path.name}")


@pytest.fixture
def store(settings: Settings) -> Store:
    return open_store(settings)


async def swept(
    pool: Pool, store: Store, *, older_than_seconds: float = 0, dry_run: bool = False
) -> tuple[Counts, list[str]]:
    """What was found, as figures and in words."""
    told = list[str]()
    sweep = Sweep(pool, store, told.append, older_than_seconds=older_than_seconds, dry_run=dry_run)
    sweep._before += 5 if older_than_seconds == 0 else 0  # pyright: ignore[reportPrivateUsage]  # clocks of two hosts
    await refuse_strangers(pool, store)
    return await sweep.run(), told


async def now(connection: Connection, job: Job) -> Job:
    found = await repository.get_any(connection, job.id)
    assert found is not None
    return found


async def test_what_matches_stays(pool: Pool, store: Store) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        jobs = [await ended(connection, store, account, "a b.mp4", "x#1", "100%", "ünï.mp4") for _ in range(3)]
        await uploaded(connection, store, account)
        await begun(connection, account)
        before = await objects(store)
        assert await swept(pool, store) == (Counts(objects=13), [])
        assert await objects(store) == before
        assert [(await now(connection, job)).outputs for job in jobs] == [job.outputs for job in jobs]


async def test_objects_that_no_row_names_are_deleted(pool: Pool, store: Store) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        job = await ended(connection, store, account, "a")
        file_id, key = await uploaded(connection, store, account)
        kept = [job.outputs[0].key, key]
        gone = {
            await put(store, stray_output()): "its job is gone",
            await put(store, f"outputs/{job.id}/1/b#2"): "its job does not list it",
            await put(store, f"outputs/{job.id}/2/a"): "its job does not list it",
            await put(store, f"tmp/{uuid4()}/x"): "its temporary file is gone",
            await put(store, f"tmp/{file_id}/other"): "another upload was taken",
        }
        counts, told = await swept(pool, store)
        assert counts == Counts(objects=7, strays=5, stray_bytes=5)
        assert sorted(told) == sorted(f'delete "{store.location(key)}": {reason}' for key, reason in gone.items())
        assert await objects(store) == sorted(kept)
        assert await swept(pool, store) == (Counts(objects=2), [])


async def test_what_an_attempt_at_work_keeps_stays_and_what_a_lost_one_kept_does_not(pool: Pool, store: Store) -> None:
    async with pool.connection() as connection:
        await submit(connection, await new_account(connection))
        lost = await new_worker(connection)
        job = (await claim(connection, lost)).job
        await put(store, f"outputs/{job.id}/1/a")
        assert (await swept(pool, store))[0].strays == 0
        await attempts.lose(connection, [lost], most=10, failure=LOST)
        assert (await swept(pool, store))[0].strays == 0  # it may still be on its way
        await claim(connection, await new_worker(connection))
        await put(store, f"outputs/{job.id}/2/a")
        counts, told = await swept(pool, store)
        assert counts.strays == 1
        assert told == [f'delete "outputs/{job.id}/1/a": it is of an attempt that was lost']
        assert await objects(store) == [f"outputs/{job.id}/2/a"]


async def test_young_objects_and_those_of_another_form_are_left_alone(pool: Pool, store: Store) -> None:
    async with pool.connection() as connection:
        await ended(connection, store, await new_account(connection))
    await put(store, stray_output())
    assert await swept(pool, store, older_than_seconds=3600) == (Counts(objects=1), [])
    await put(store, "outputs/by-hand/1/x")
    await put(store, "tmp/by-hand")
    assert (await swept(pool, store))[0] == Counts(objects=3, strays=1, stray_bytes=1)
    assert await objects(store) == ["outputs/by-hand/1/x", "tmp/by-hand"]


async def test_a_job_no_longer_lists_what_the_store_has_lost(pool: Pool, store: Store) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        some = await ended(connection, store, account, "a.mp4", "b#1", "c.mp4")
        all_of_it = await ended(connection, store, account, "d.mp4")
        whole = await ended(connection, store, account, "e.mp4")
        await store.delete(some.outputs[1].key, all_of_it.outputs[0].key)
        counts, told = await swept(pool, store)
        assert counts == Counts(objects=3, jobs=2)
        assert sorted(told) == sorted(
            [
                f'mend job {some.id}: the file store has lost "b#1"',
                f'mend job {all_of_it.id}: the file store has lost "d.mp4"',
            ]
        )
        mended = await now(connection, some)
        assert mended.outputs == (some.outputs[0], some.outputs[2])
        assert mended.warnings[-1] == 'the file store has lost "b#1"'
        assert mended.files_deleted_at is None
        emptied = await now(connection, all_of_it)
        assert emptied.outputs == ()
        assert emptied.files_deleted_at is not None
        assert (await now(connection, whole)).outputs == whole.outputs
        assert (await swept(pool, store))[1] == []


async def test_a_temporary_file_that_the_store_has_lost_is_deleted(pool: Pool, store: Store) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        lost, key = await uploaded(connection, store, account)
        kept, _ = await uploaded(connection, store, account)
        unused = await begun(connection, account)
        await store.delete(key)
        counts, told = await swept(pool, store)
        assert (counts.uploads, told) == (
            1,
            [f"delete temporary file {lost}: the file store has lost its upload"],
        )
        rows = await (await connection.execute("SELECT id FROM tmp_files")).fetchall()
        assert {row[0] for row in rows} == {kept, unused}


async def test_a_dry_run_tells_and_changes_nothing(pool: Pool, store: Store) -> None:
    async with pool.connection() as connection:
        account = await new_account(connection)
        job = await ended(connection, store, account, "a", "b")
        _, key = await uploaded(connection, store, account)
        await put(store, stray_output())
        await store.delete(key, job.outputs[0].key)
        before = (await now(connection, job), await objects(store))
        counts, told = await swept(pool, store, dry_run=True)
        assert (counts.strays, counts.jobs, counts.uploads) == (1, 1, 1)
        assert all(line.startswith("would ") for line in told)
        assert (await now(connection, job), await objects(store)) == before
        assert (await swept(pool, store))[0] == counts


async def test_much_is_compared_by_pages(pool: Pool, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "LISTED_AT_ONCE", 10)
    monkeypatch.setattr(losses, "PAGE", 3)
    async with pool.connection() as connection:
        account = await new_account(connection)
        jobs = [await ended(connection, store, account, "a", "b") for _ in range(11)]
        for _ in range(15):
            await put(store, stray_output())
        await store.delete(*(job.outputs[0].key for job in jobs))
        assert (await swept(pool, store))[0] == Counts(objects=26, strays=15, stray_bytes=15, jobs=11)
        assert await objects(store) == sorted(job.outputs[1].key for job in jobs)


async def test_what_was_deleted_meanwhile_is_not_mended(pool: Pool, store: Store) -> None:
    async with pool.connection() as connection:
        job = await ended(connection, store, await new_account(connection), "a")
        await store.delete(job.outputs[0].key)
        [lost] = [each async for each in losses.lost_outputs(pool, store)]
        await connection.execute("UPDATE jobs SET files_deleted_at = now(), outputs = '[]'")
        assert not await lost.mend(connection)
        assert (await now(connection, job)).warnings == job.warnings


async def test_a_store_and_a_database_that_hardly_belong_together_are_left_alone(pool: Pool, store: Store) -> None:
    await put(store, stray_output())
    with pytest.raises(CannotStart, match="the database knows of none"):
        await swept(pool, store)
    await store.delete_prefix("outputs")
    async with pool.connection() as connection:
        job = await ended(connection, store, await new_account(connection), "a")
        await store.delete(job.outputs[0].key)
        with pytest.raises(CannotStart, match="the store is empty"):
            await swept(pool, store)
        assert (await now(connection, job)).outputs == job.outputs


# the command

Run = Callable[..., Awaitable[list[str]]]


@pytest.fixture
def run(settings: Settings, database_url: str) -> Run:
    """Runs `ffmill sweep` with these options; gives its lines."""
    told = settings.model_copy(update={"database_url": SecretStr(database_url)}).model_dump(exclude_defaults=True)
    environment = {f"FFMILL_{name.upper()}": _plain(value) for name, value in told.items()}

    async def call(*options: str) -> list[str]:
        ran = await asyncio.to_thread(ffmill, "sweep", *options, **environment)
        assert (ran.returncode, ran.stderr) == (0, "")
        return ran.stdout.splitlines()

    return call


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


async def test_the_command_deletes_what_is_due_now(pool: Pool, store: Store, run: Run) -> None:
    async with pool.connection() as connection:
        await ended(connection, store, await new_account(connection), "a")
        await connection.execute("UPDATE jobs SET finished_at = now() - interval '31 days'")
    told = dict(line.split(": ") for line in await run())
    assert [name for name, count in told.items() if count == "1 deleted"] == ["outputs of jobs", OBJECTS]
    assert set(told) == {*(step.name for step in steps(Settings())), OBJECTS}
    assert await objects(store) == []


async def test_the_command_compares_tells_and_mends(pool: Pool, store: Store, run: Run) -> None:
    async with pool.connection() as connection:
        job = await ended(connection, store, await new_account(connection), "a", "b")
    await store.delete(job.outputs[0].key)
    stray = await put(store, stray_output())
    if isinstance(path := getattr(store, "_root", None), Path):
        os.utime(path / stray, (0, 0))
        options = ["--check"]
    else:
        options = ["--check", "--older-than", "0"]
    lines = [f'delete "{stray}": its job is gone', f'mend job {job.id}: the file store has lost "a"']
    assert (await run(*options, "--dry-run"))[:-1] == [f"would {line}" for line in lines]
    told = await run(*options)
    assert told[:-1] == lines
    assert re.fullmatch(r"2 objects: 1 needed by nobody \(1 bytes\); 1 jobs and 0 temporary files .*", told[-1])
    assert await objects(store) == [job.outputs[1].key]


def test_options_of_the_comparison_alone_are_refused_without_it() -> None:
    ran = ffmill("sweep", "--dry-run")
    assert ran.returncode == 2
    assert "--check" in ran.stderr


def test_a_job_that_loses_thousands_gets_one_sentence() -> None:
    lost = losses.LostOutputs(job_id=uuid4(), outputs={f"f{n}": f"k{n}" for n in range(2000)})
    assert lost.warning.endswith('"f19" and 1980 more')
    assert replace(lost, outputs={"a": "k"}).warning == 'the file store has lost "a"'


async def test_an_upload_that_is_not_yet_the_file_is_left_alone(pool: Pool, store: Store) -> None:
    async with pool.connection() as connection:
        file_id = await begun(connection, await new_account(connection))
        key = await put(store, tmp_files.new_object_key(file_id))
        counts, _ = await swept(pool, store)
        assert counts.strays == 0
        assert await tmp_files.complete(connection, file_id, key, 1, None)
    assert await store.stat(key) is not None
