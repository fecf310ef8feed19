"""What the tests with real parts share: an S3 server."""

from collections.abc import Generator

import pytest

from .s3_server import S3Server, s3_server


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Generator[S3Server]:
    """An S3 server for all tests."""
    with s3_server(tmp_path_factory.mktemp("s3") / "served") as server:
        yield server
