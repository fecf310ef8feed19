"""The store, a bucket in S3, is away for ten seconds: it refuses connections, or goes silent on those that it has."""

from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.faults.conftest import Figure
from tests.faults.house import House, house
from tests.faults.proxy import How, Proxy
from tests.faults.waiting import PATIENCE_SECONDS, seconds_until, until
from tests.integration.s3_server import BUCKET, KEY_ID, SECRET, s3_server

OUTAGE_SECONDS = 10.0


@pytest.fixture
def away(tmp_path: Path) -> Generator[tuple[House, Proxy]]:
    """A service whose store is in a bucket behind a proxy."""
    with s3_server(tmp_path / "s3") as server:
        address = urlsplit(server.endpoint)
        assert address.hostname
        assert address.port
        with Proxy((address.hostname, address.port)).running() as proxy:
            environment = {
                "FFMILL_STORE_URL": f"s3://{BUCKET}/files",
                "FFMILL_S3_ENDPOINT": f"http://127.0.0.1:{proxy.port}",
                "FFMILL_S3_ACCESS_KEY_ID": KEY_ID,
                "FFMILL_S3_SECRET_ACCESS_KEY": SECRET,
            }
            outputs = server.bucket / "files" / "outputs"
            with house(tmp_path / "service", outputs=outputs, environment=environment) as home:
                yield home, proxy


@pytest.mark.parametrize("how", ["refuse", "stall"])
def test_no_job_fails_while_the_store_is_away(away: tuple[House, Proxy], how: How, figure: Figure) -> None:
    home, proxy = away
    upload = home.client.upload(bytes(1 << 20))
    home.submit(2, slow=True)
    until(home.at_work(), "a job runs")
    proxy.fail(how, OUTAGE_SECONDS)
    reading = home.body(1, input_files={"unused": upload})
    for body in [home.body(1)] * 3 + [reading] * 2:
        home.accept(home.client.call("POST", "/api/ffmpeg", body))
    assert proxy.over.wait(PATIENCE_SECONDS)
    figure(f"store back after 10 s ({how}): all jobs have ended", seconds_until(home.all_ended, "all jobs end"))
    assert {job["status"] for job in home.check()} == {"succeeded"}
