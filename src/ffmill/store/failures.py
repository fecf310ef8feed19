"""What a store's failures mean to us: no such object, or a store that cannot be used now."""

from collections.abc import Generator
from contextlib import contextmanager

from obstore.exceptions import BaseError

from ffmill.errors import NotFound, Unavailable

NO_SUCH_OBJECT = "there is no such file any more"


@contextmanager
def reading() -> Generator[None]:
    """Raises NotFound for an object that is not there, Unavailable for any other failure of the store."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(NO_SUCH_OBJECT) from error
    except (BaseError, OSError) as error:
        raise _unavailable(error) from error


@contextmanager
def writing() -> Generator[None]:
    """Raises Unavailable for every failure; what is not found here is a directory or the bucket."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> Unavailable:
    """The client learns no path and no address; the log has the cause."""
    reason = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
    return Unavailable(f"the file store cannot be used now{reason}; try again")
