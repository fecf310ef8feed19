"""Builds of FFmpeg in the database: gathered by the first worker that runs one, read by whoever asks what it can."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import structlog
from psycopg.types.json import Json

from ffmill.db.pool import Connection, Pool
from ffmill.errors import CannotStart
from ffmill.ffmpeg import printed
from ffmill.ffmpeg.build import Build, Coder, Lists
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox

LOG = structlog.stdlib.get_logger()

# Primary key.
GET = "SELECT id, version, lists FROM ffmpeg_builds WHERE id = %s"
KEEP = "INSERT INTO ffmpeg_builds (id, version, lists) VALUES (%s, %s, %s) ON CONFLICT (id) DO NOTHING"
# The table of workers is as small as their number.
IN_SERVICE = """
SELECT ffmpeg_build FROM workers WHERE machine = %s AND ffmpeg_build IS NOT NULL
ORDER BY heartbeat_at DESC, id LIMIT 1
"""


async def ensure(pool: Pool, sandbox: Sandbox, limits: Limits) -> Build:
    """The build of the sandbox's FFmpeg, from the database where another worker has gathered it before.

    Raises CannotStart when FFmpeg does not tell.
    """
    key = identify(sandbox.ffmpeg_banner)
    async with pool.connection() as connection:
        if known := await get(connection, key):
            return known
    build = Build(id=key, version=sandbox.ffmpeg_version, lists=await gather(sandbox, limits))
    async with pool.connection() as connection:
        await connection.execute(KEEP, (build.id, build.version, Json(_plain(build.lists))))
    LOG.info("gathered what this FFmpeg can", ffmpeg=build.version, encoders=len(build.lists.encoders))
    return build


def identify(banner: str) -> str:
    """The id of the build whose `ffmpeg -version` prints `banner`."""
    return hashlib.sha256(banner.strip().encode()).hexdigest()


async def gather(sandbox: Sandbox, limits: Limits) -> Lists:
    """Asks the sandbox's FFmpeg for all its lists; raises CannotStart when it does not answer."""
    answers = {name: await sandbox.ask(["-hide_banner", *words], limits) for name, words in printed.QUESTIONS.items()}
    lists = printed.read(answers)
    if not (lists.options and lists.encoders and lists.filters and lists.muxers):
        raise CannotStart("this FFmpeg does not tell what it can: `ffmpeg -h full` and its lists hold nothing known")
    return lists


async def get(connection: Connection, key: str) -> Build | None:
    """The build of this id; None where there is none."""
    row = await (await connection.execute(GET, (key,))).fetchone()
    return Build(id=row[0], version=row[1], lists=_lists(row[2])) if row else None


async def in_service(connection: Connection, machine: str) -> str | None:
    """The id of the build that the pool's worker runs that was heard of last; None where that is not known."""
    row = await (await connection.execute(IN_SERVICE, (machine,))).fetchone()
    return row[0] if row else None


def _plain(lists: Lists) -> dict[str, Any]:
    sets = ("options", "muxers", "demuxers", "pixel_formats", "bitstream_filters")
    return asdict(lists) | {name: sorted(getattr(lists, name)) for name in sets}


def _lists(plain: Mapping[str, Any]) -> Lists:
    return Lists(
        options=frozenset(plain["options"]),
        encoders={name: Coder(**coder) for name, coder in plain["encoders"].items()},
        decoders={name: Coder(**coder) for name, coder in plain["decoders"].items()},
        filters=plain["filters"],
        filter_options={name: tuple(options) for name, options in plain["filter_options"].items()},
        muxers=frozenset(plain["muxers"]),
        demuxers=frozenset(plain["demuxers"]),
        pixel_formats=frozenset(plain["pixel_formats"]),
        bitstream_filters=frozenset(plain["bitstream_filters"]),
        option_values={name: tuple(values) for name, values in plain.get("option_values", {}).items()},
    )
