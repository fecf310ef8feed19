"""A service whose store is a bucket of S3, behind a proxy that can let it vanish."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.faults.house import House, house
from tests.faults.proxy import Proxy
from tests.integration.s3_server import BUCKET, KEY_ID, SECRET, s3_server


@contextmanager
def house_on_s3(home: Path, environment: Mapping[str, str] | None = None) -> Generator[tuple[House, Proxy]]:
    """Both on loopback, on fresh directories."""
    with s3_server(home / "s3") as server:
        address = urlsplit(server.endpoint)
        assert address.hostname
        assert address.port
        with Proxy((address.hostname, address.port)).running() as proxy:
            bucket = {
                "FFMILL_STORE_URL": f"s3://{BUCKET}/files",
                "FFMILL_S3_ENDPOINT": f"http://127.0.0.1:{proxy.port}",
                "FFMILL_S3_ACCESS_KEY_ID": KEY_ID,
                "FFMILL_S3_SECRET_ACCESS_KEY": SECRET,
            }
            outputs = server.bucket / "files" / "outputs"
            with house(home / "service", outputs=outputs, environment={**bucket, **(environment or {})}) as made:
                yield made, proxy
