"""Which inputs are files of our own: those whose URL carries a valid signature, whatever its host."""

from ffmill.db.pool import Pool
from ffmill.errors import BadRequest
from ffmill.store import tmp_files
from ffmill.store.signing import ExpiredSignature, InvalidSignature, Signer


class OwnFiles:
    """Finds the object behind a URL of ours, so that a worker opens it without HTTP."""

    def __init__(self, signer: Signer, pool: Pool) -> None:
        self._signer = signer
        self._pool = pool

    async def resolve(self, url: str) -> str | None:
        """The object key when `url` is a valid download URL of ours; None when it is an ordinary URL.

        Raises BadRequest when it is ours but has expired, or when nothing was uploaded to it.
        """
        try:
            key = self._signer.verify("GET", url)
        except InvalidSignature:
            return None
        except ExpiredSignature as error:
            raise BadRequest("this URL of ours has expired; get a new one from its job, or upload again") from error
        file_id = tmp_files.id_in(key)
        if file_id is None:
            return key
        async with self._pool.connection() as connection:
            file = await tmp_files.get(connection, file_id)
        if file is None:
            raise BadRequest("this temporary file has been deleted; upload it again")
        if file.object_key is None:
            raise BadRequest("nothing has been uploaded to this temporary file yet; PUT to its upload_url first")
        return file.object_key
