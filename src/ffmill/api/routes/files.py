"""Files over HTTP: temporary uploads, and downloads by signed URL."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from ffmill.api import uploads
from ffmill.api.answers import JsonAnswer
from ffmill.api.auth import FileWriter
from ffmill.api.documenting import refusals
from ffmill.api.objects import ErrorAnswer, UploadAnswer
from ffmill.api.parts import Parts, parts_of
from ffmill.api.rates import count_stranger
from ffmill.api.signed_files import File, answer
from ffmill.api.uploads import Most
from ffmill.errors import Conflict, Forbidden, NotFound, Refusal
from ffmill.store import media_types, tmp_files
from ffmill.usage import quotas

router = APIRouter(tags=["Files"])

CREATED: dict[str, Any] = {"model": UploadAnswer, "description": "Where to upload to, and where to download from."}
NO_KEY = "Needs no API key: the signature in the URL is the permission."
STRANGERS = "`tooManyRequests`: too many signatures that are not valid came from this address."


KEY: dict[str, Any] = {
    "parameters": [
        {"name": name, "in": where, "required": True, "schema": {"type": "string"}, "description": "As in the URL."}
        for name, where in (("key", "path"), ("expires", "query"), ("kid", "query"), ("sig", "query"))
    ]
}

BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
FILE: dict[str, Any] = {"*/*": BYTES}  # of the type that its name or its upload says


def _refused(**words: str) -> dict[int | str, dict[str, Any]]:
    return {int(status[1:]): {"model": ErrorAnswer, "description": text} for status, text in words.items()}


@router.post(
    "/api/tmp-file",
    operation_id="create_tmp_file",
    summary="Create a temporary file",
    description="Gives a URL to upload one file to, by one PUT with the bytes as its body, and the URL to use that file"
    " by, as an input of a job or to download it. Both expire after an hour. The body of this request does not matter.",
    response_model=None,
    responses={200: CREATED, **refusals(401, 403, 429, 503)},
)
async def create_tmp_file(request: Request, caller: FileWriter) -> Response:
    """Two URLs of a new temporary file: one to PUT its bytes to, one to GET them from."""
    parts = parts_of(request)
    async with parts.pool.connection() as connection:
        await quotas.check_stored(connection, caller.account)
        key = tmp_files.url_key(await tmp_files.create(connection, caller.account.id))
    urls = {
        "upload_url": parts.signer.sign("PUT", key, tmp_files.URL_SECONDS),
        "download_url": parts.signer.sign("GET", key, tmp_files.URL_SECONDS),
    }
    return JsonAnswer({"data": urls})


@router.get(
    "/files/{key:path}",
    operation_id="download_file",
    summary="Download a file",
    description=f"{NO_KEY} Answers HEAD, ranges and conditional requests.",
    response_model=None,
    response_class=Response,
    openapi_extra=KEY,
    responses={
        200: {"description": "The file.", "content": FILE},
        206: {"description": "The range of it that was asked for.", "content": FILE},
        302: {"description": "The file is had from the store itself, where the operator allows it."},
        304: {"description": "The client has the file as it is."},
        **_refused(
            _403="`forbidden`: the signature is not valid, or has expired.",
            _404="`notFound`: there is no such file any more, or nothing was uploaded yet.",
            _416="`badRequest`: the range lies beyond the end of the file.",
            _429=STRANGERS,
            _503="`unavailable`: database or store cannot be reached. Try again.",
        ),
    },
)
@router.head("/files/{key:path}", include_in_schema=False)
async def download(request: Request) -> Response:
    """The file that a signed URL names."""
    parts = parts_of(request)
    file = await _file(parts, await _signed(request, request.method))
    return await answer(request, parts.store, file, redirect=parts.settings.redirect_downloads)


@router.put(
    "/files/{key:path}",
    operation_id="upload_file",
    summary="Upload a temporary file",
    description=f"{NO_KEY} The body is the file, whatever its Content-Type; it is kept when all of it has come.",
    response_model=None,
    response_class=Response,
    openapi_extra={**KEY, "requestBody": {"required": True, "content": {"application/octet-stream": BYTES}}},
    responses={
        200: {"description": "The file is kept."},
        **_refused(
            _403="`forbidden`: the signature is not valid, or has expired; or the account may store no more.",
            _404="`notFound`: the temporary file has been deleted.",
            _409="`conflict`: something was uploaded to this URL before.",
            _413="`badRequest`: the file is too large.",
            _429=STRANGERS,
            _503="`unavailable`: the file came too slowly, or database or store cannot be reached. Try again.",
        ),
    },
)
async def upload(request: Request) -> Response:
    """Keeps the body as the temporary file that a signed URL names; the first complete upload wins."""
    parts = parts_of(request)
    file_id = tmp_files.id_in(await _signed(request, "PUT"))
    if file_id is None:
        raise NotFound("nothing can be uploaded here")
    file = await _tmp_file(parts, file_id)
    if file.object_key is not None:
        raise _uploaded_before()
    most = await _most(parts, file.id)
    uploads.check_announced(request, most)
    key = tmp_files.new_object_key(file.id)
    size = await parts.store.put_stream(key, uploads.chunks(request, most), most.bytes)
    await _complete(parts, file.id, key, size, request.headers.get("content-type"))
    return Response(None, 200)


async def _most(parts: Parts, file_id: UUID) -> Most:
    """How large the upload may be; raises Forbidden when its account has no room at all."""
    most = Most.of(parts.settings)
    async with parts.pool.connection() as connection:
        room = await quotas.room(connection, file_id)
    return most if room is None or room.bytes >= most.bytes else Most(bytes=room.bytes, refusal=room.refusal)


async def _complete(parts: Parts, file_id: UUID, key: str, size: int, kept_type: str | None) -> None:
    """Makes the object the file, unless another upload was first, or others have taken its room; then it is deleted."""
    try:
        async with parts.pool.connection() as connection, connection.transaction():
            room = await quotas.room(connection, file_id)
            if room is not None and size > room.bytes:
                raise room.refusal
            if not await tmp_files.complete(connection, file_id, key, size, kept_type):
                raise _uploaded_before() if await tmp_files.get(connection, file_id) else _deleted()
    except Refusal:
        await parts.store.delete(key)
        raise


async def _signed(request: Request, method: str) -> str:
    """The object key of the request's URL; raises Forbidden where it carries no valid signature."""
    try:
        return await parts_of(request).keyring.verify(method, _target(request))
    except Forbidden:
        await count_stranger(request)
        raise


def _target(request: Request) -> str:
    """Path and query as they came in: the decoded path no longer tells `%2F` from a slash, nor `%25` from a percent."""
    return f"{request.scope['raw_path'].decode('latin-1')}?{request.scope['query_string'].decode('latin-1')}"


async def _file(parts: Parts, key: str) -> File:
    """What a download URL's key stands for; raises NotFound where nothing was uploaded yet."""
    name = key.rpartition("/")[2]
    file_id = tmp_files.id_in(key)
    if file_id is None:
        return File(key=key, name=name, media_type=media_types.media_type(name))
    row = await _tmp_file(parts, file_id)
    if row.object_key is None:
        raise NotFound("nothing has been uploaded here yet")
    return File(key=row.object_key, name=name, media_type=media_types.known_type(row.media_type))


async def _tmp_file(parts: Parts, file_id: UUID) -> tmp_files.TmpFile:
    async with parts.pool.connection() as connection:
        file = await tmp_files.get(connection, file_id)
    if file is None:
        raise _deleted()
    return file


def _deleted() -> NotFound:
    return NotFound("this temporary file has been deleted")


def _uploaded_before() -> Conflict:
    return Conflict("a file was uploaded to this URL before; ask for a new one at POST /api/tmp-file")
