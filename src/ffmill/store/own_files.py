"""Which inputs are files of our own: those whose URL carries a valid signature, whatever its host."""

from collections.abc import Sequence
from typing import TypeAlias

from ffmill.db.pool import Pool
from ffmill.errors import BadRequest
from ffmill.store import tmp_files
from ffmill.store.keyring import Keyring
from ffmill.store.signing import ExpiredSignature, InvalidSignature, UnknownKey
from ffmill.store.tmp_files import TmpFile
from ffmill.turns import in_turns

Verdict: TypeAlias = str | BadRequest | None


class OwnFiles:
    """Finds the object behind a URL of ours, so that a worker opens it without HTTP."""

    def __init__(self, keyring: Keyring, pool: Pool) -> None:
        self._keyring = keyring
        self._pool = pool

    async def resolve(self, urls: Sequence[str]) -> list[Verdict]:
        """For each URL the object key when it is a valid download URL of ours; None when it is an ordinary URL; the
        refusal, not raised, when it is ours but has expired, or when nothing was uploaded to it. Raises Unavailable.
        """
        keys = await self._keys(urls)
        ids = [tmp_files.id_in(key) if isinstance(key, str) else None for key in keys]
        wanted = [file_id for file_id in ids if file_id]
        if not wanted:
            return keys
        async with self._pool.connection() as connection:
            files = await tmp_files.get_many(connection, wanted)
        return [_object_key(files.get(file_id)) if file_id else key for key, file_id in zip(keys, ids, strict=True)]

    async def _keys(self, urls: Sequence[str]) -> list[Verdict]:
        with_unknown = [self._key(url) async for url in in_turns(urls)]
        if unknown := {key.kid for key in with_unknown if isinstance(key, UnknownKey)}:
            await self._keyring.look_for(unknown)
            with_unknown = [self._key(url) async for url in in_turns(urls)]
        return [None if isinstance(key, UnknownKey) else key for key in with_unknown]

    def _key(self, url: str) -> Verdict | UnknownKey:
        try:
            return self._keyring.signer.verify("GET", url)
        except UnknownKey as unknown:
            return unknown
        except InvalidSignature:
            return None
        except ExpiredSignature:
            return BadRequest("this URL of ours has expired; get a new one from its job, or upload again")


def _object_key(file: TmpFile | None) -> Verdict:
    if file is None:
        return BadRequest("this temporary file has been deleted; upload it again")
    if file.object_key is None:
        return BadRequest("nothing has been uploaded to this temporary file yet; PUT to its upload_url first")
    return file.object_key
