"""The store, a bucket in S3, is away for ten seconds: it refuses connections, or goes silent on those that it has."""

from collections.abc import Generator

import pytest

from tests.faults.conftest import Figure
from tests.faults.distant import house_on_s3
from tests.faults.house import House
from tests.faults.proxy import How, Proxy
from tests.waiting import PATIENCE_SECONDS, seconds_until, until

OUTAGE_SECONDS = 10.0


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[House, Proxy]]:
    """A service whose store is in a bucket behind a proxy."""
    with house_on_s3(tmp_path_factory.mktemp("s3")) as found:
        yield found


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
