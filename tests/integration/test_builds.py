"""What an FFmpeg can is gathered once for each binary, and kept in the database."""

from pathlib import Path

from ffmill.config import Settings
from ffmill.db.pool import Pool
from ffmill.ffmpeg import builds
from ffmill.ffmpeg.build import Coder
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox


def settings_in(directory: Path) -> Settings:
    return Settings(data_dir=directory, scratch=directory / "scratch", sandbox="off")


async def test_a_build_knows_what_its_ffmpeg_has(pool: Pool, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    async with Sandbox.open(settings, 1) as sandbox:
        build = await builds.ensure(pool, sandbox, Limits.of(settings))
    lists = build.lists
    assert build.version == sandbox.ffmpeg_version
    assert lists.encoders["libx264"] == Coder(kind="V", codec="h264")
    assert {"i", "crf", "preset", "movflags", "vf", "filter_complex", "b", "y"} <= lists.options
    assert (lists.filters["scale"], lists.filters["overlay"]) == ("V->V", "VV->V")
    assert {"w", "width", "flags"} <= set(lists.filter_options["scale"])
    assert {"mp4", "matroska", "null"} <= lists.muxers
    assert {"mov", "mp4", "concat", "lavfi"} <= lists.demuxers
    assert "yuv420p" in lists.pixel_formats
    assert "h264_mp4toannexb" in lists.bitstream_filters
    assert build.knows_encoder("h264")
    assert not build.knows_encoder("libx246")


async def test_it_is_gathered_once_and_read_by_everybody_else(pool: Pool, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    async with Sandbox.open(settings, 1) as sandbox:
        first = await builds.ensure(pool, sandbox, Limits.of(settings))
        async with pool.connection() as connection:
            await connection.execute("UPDATE ffmpeg_builds SET version = 'as kept' WHERE id = %s", (first.id,))
        again = await builds.ensure(pool, sandbox, Limits.of(settings))
    assert again.version == "as kept"
    assert again.lists == first.lists


async def test_another_ffmpeg_is_another_build(pool: Pool) -> None:
    assert builds.identify("ffmpeg version 8.1") != builds.identify("ffmpeg version 9.0.2")
    async with pool.connection() as connection:
        assert await builds.get(connection, builds.identify("ffmpeg version 8.1")) is None
        assert await builds.in_service(connection, "cpu") is None
