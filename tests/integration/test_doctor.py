"""`ffmill doctor`, check by check."""

from pathlib import Path

import pytest
import typer
from psycopg.conninfo import make_conninfo

from ffmill.cli import doctor
from ffmill.config import Settings
from ffmill.db import migrate
from ffmill.db.embedded import EmbeddedPostgres
from ffmill.db.pool import Connection
from ffmill.errors import CannotStart


def settings(**given: object) -> Settings:
    return Settings.model_validate(given)


async def test_the_programs_that_come_with_ffmill_run() -> None:
    assert (await doctor.ffmpeg(settings())).startswith("ffmpeg version")
    assert (await doctor.ffprobe(settings())).startswith("ffprobe version")


async def test_a_program_that_does_not_run_is_named_with_its_setting(tmp_path: Path) -> None:
    broken = tmp_path / "ffmpeg"
    broken.write_text("not a program")
    with pytest.raises(CannotStart, match=r"does not run .* set FFMILL_FFMPEG"):
        await doctor.ffmpeg(settings(ffmpeg=broken))
    broken.chmod(0o755)
    broken.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(CannotStart, match="does not run"):
        await doctor.ffmpeg(settings(ffmpeg=broken))


async def test_the_level_in_force_is_named_with_what_would_raise_it(tmp_path: Path) -> None:
    assert (await doctor.cage(settings(data_dir=tmp_path))).startswith("full; memory and threads are limited by ")
    lower = await doctor.cage(settings(data_dir=tmp_path, sandbox="landlock"))
    assert lower.startswith("landlock")
    assert "FFMILL_SANDBOX=auto takes `full`" in lower


async def test_a_cage_that_is_off_is_said_to_be_off(tmp_path: Path) -> None:
    assert "trusted use only" in await doctor.cage(settings(data_dir=tmp_path, sandbox="off"))


async def test_an_embedded_database_that_does_not_run_is_no_fault(tmp_path: Path) -> None:
    assert "not running" in await doctor.database(settings(data_dir=tmp_path))
    assert list(tmp_path.iterdir()) == []


async def test_a_migrated_database_is_well(database_url: str) -> None:
    assert f"schema {migrate.newest()}" in await doctor.database(settings(database_url=database_url))


async def test_a_database_without_schema_says_what_to_run(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as postgres, pytest.raises(CannotStart, match="run `ffmill migrate`"):
        await doctor.database(settings(database_url=postgres.url))


async def test_a_database_that_does_not_answer_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="check FFMILL_DATABASE_URL"):
        await doctor.database(settings(database_url=f"postgresql:///x?host={tmp_path}"))


async def test_a_pooler_that_loses_listen_is_found_out(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As behind a transaction pooler: who listens and who notifies meet in no session. Here: in no database."""
    urls = iter([database_url, make_conninfo(database_url, dbname="postgres")])
    connect = doctor.connect

    async def elsewhere(_: str) -> Connection:
        return await connect(next(urls))

    monkeypatch.setattr(doctor, "connect", elsewhere)
    monkeypatch.setattr(doctor, "NOTIFY_SECONDS", 0.1)
    with pytest.raises(CannotStart, match="not a transaction pooler"):
        await doctor.database(settings(database_url=database_url))


async def test_a_store_that_works_keeps_nothing_of_the_check(tmp_path: Path) -> None:
    assert "keeps, gives and deletes" in await doctor.store(settings(data_dir=tmp_path))
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size] == []


async def test_scratch_space_is_measured_where_it_will_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(tmp_path) in await doctor.scratch(settings(data_dir=tmp_path / "not" / "yet"))
    monkeypatch.setattr(doctor, "LEAST_FREE_BYTES", 1 << 60)
    with pytest.raises(CannotStart, match="make room, or set FFMILL_SCRATCH"):
        await doctor.scratch(settings(data_dir=tmp_path))


def test_one_fault_makes_the_exit_status_1_and_the_rest_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def denied(_: Settings) -> str:
        raise PermissionError(13, "Permission denied", "/somewhere")

    monkeypatch.setattr(doctor, "CHECKS", {"store": denied, "scratch space": doctor.scratch})
    with pytest.raises(typer.Exit) as ended:
        doctor.run(settings(data_dir=tmp_path))
    assert ended.value.exit_code == 1
    said = capsys.readouterr().out
    assert "wrong" in said
    assert "Permission denied: /somewhere" in said
    assert "GiB free" in said.replace("\n", "")
