"""What a file is, by its suffix: a fixed table, so that every machine answers alike."""

from urllib.parse import quote

OTHER = "application/octet-stream"

_PLAYED = {  # video, audio and raster images, shown by a browser in place; nothing in them runs
    "3gp": "video/3gpp",
    "aac": "audio/aac",
    "ac3": "audio/ac3",
    "aif": "audio/aiff",
    "aiff": "audio/aiff",
    "apng": "image/apng",
    "avi": "video/x-msvideo",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "eac3": "audio/eac3",
    "flac": "audio/flac",
    "flv": "video/x-flv",
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "jxl": "image/jxl",
    "m2ts": "video/mp2t",
    "m4a": "audio/mp4",
    "m4s": "video/iso.segment",
    "m4v": "video/mp4",
    "mka": "audio/x-matroska",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp2": "audio/mpeg",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "mts": "video/mp2t",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "opus": "audio/ogg",
    "png": "image/png",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "ts": "video/mp2t",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
    "wma": "audio/x-ms-wma",
    "wmv": "video/x-ms-wmv",
}
_SAVED = {
    "ass": "text/x-ssa",
    "csv": "text/csv",
    "htm": "text/html",
    "html": "text/html",
    "json": "application/json",
    "log": "text/plain",
    "m3u": "audio/x-mpegurl",
    "m3u8": "application/vnd.apple.mpegurl",  # RFC 8216, section 4
    "md5": "text/plain",
    "mpd": "application/dash+xml",  # ISO/IEC 23009-1, annex C
    "mxf": "application/mxf",
    "pdf": "application/pdf",
    "srt": "application/x-subrip",
    "ssa": "text/x-ssa",
    "svg": "image/svg+xml",
    "ttml": "application/ttml+xml",
    "txt": "text/plain",
    "vtt": "text/vtt",
    "xml": "application/xml",
    "zip": "application/zip",
}
_TYPES = _PLAYED | _SAVED
_KNOWN = frozenset(_TYPES.values())
_INLINE = frozenset(_PLAYED.values())
_UNQUOTED = set("!#$&+-.^_`|~ ()[]{},;=@'") | set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def media_type(name: str) -> str:
    """The type of the file `name`; text is UTF-8."""
    kind = _TYPES.get(name.rpartition(".")[2].lower(), OTHER) if "." in name else OTHER
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def known_type(announced: str | None) -> str:
    """The type that an upload announced, without its parameters, when it is one of ours; else that of any bytes."""
    kind = (announced or "").partition(";")[0].strip().lower()
    return kind if kind in _KNOWN else OTHER


def disposition(name: str) -> str:
    """The Content-Disposition of the file `name` (RFC 6266): `inline` only for what a browser plays or paints."""
    return content_disposition(name, media_type(name))


def content_disposition(name: str, kind: str) -> str:
    """The Content-Disposition of a file called `name` whose type is `kind`; the name in UTF-8 too (RFC 8187)."""
    how = "inline" if kind in _INLINE else "attachment"
    plain = "".join(character if character in _UNQUOTED else "_" for character in name)
    if plain == name:
        return f'{how}; filename="{name}"'
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
