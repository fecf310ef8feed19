"""The store of all files: which one the settings name."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from ffmill.config import Settings
from ffmill.errors import CannotStart
from ffmill.store.disk import DiskStore
from ffmill.store.objects import Found, Stat, Store
from ffmill.store.remote import RemoteStore
from ffmill.store.source import Source

__all__ = ["Found", "Source", "Stat", "Store", "open_store"]


def open_store(settings: Settings) -> Store:
    """The store that FFMILL_STORE_URL names; raises CannotStart when it cannot be used as it is named."""
    url = urlsplit(settings.effective_store_url)
    if url.scheme == "s3":
        return RemoteStore(settings)
    if url.netloc not in ("", "localhost") or not url.path.startswith("/"):
        raise CannotStart(f"FFMILL_STORE_URL is {settings.store_url}; write an absolute path, as file:///srv/ffmill")
    return DiskStore(Path(unquote(url.path)))
