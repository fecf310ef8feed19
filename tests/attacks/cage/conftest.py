"""The arenas of the attacks, one for each level and all its cases."""

import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from ffmill.sandbox.levels import Name
from tests.attacks.cage.arena import Arena

LEVELS: tuple[Name, ...] = ("full", "landlock")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=LEVELS)
async def arena(request: pytest.FixtureRequest) -> AsyncGenerator[Arena]:
    """With a cage."""
    async with opened(request.param) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_arena() -> AsyncGenerator[Arena]:
    """Without a cage."""
    async with opened("off") as made:
        yield made


@asynccontextmanager
async def opened(level: Name) -> AsyncGenerator[Arena]:
    """An arena whose parents let every user pass, which those of `tmp_path` do not."""
    home = Path(tempfile.mkdtemp(prefix="ffmill-attacks-", dir="/tmp"))
    home.chmod(0o755)
    try:
        async with Arena.open(level, home) as made:
            yield made
    finally:
        shutil.rmtree(home)
