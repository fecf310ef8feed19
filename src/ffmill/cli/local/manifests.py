"""Files that name other files: concat lists, HLS playlists and HLS key infos, with other names put in."""

import re
from collections.abc import Callable

from ffmill.cli.local.quoting import BLANKS, token

Naming = Callable[[str], str]  # from a path as the file has it to the name that stands for it there

# allowed_extensions unless set: FFmpeg formats documentation, "hls"
EXTENSIONS = (
    "3gp,aac,avi,ac3,eac3,flac,mkv,m3u8,m4a,m4s,m4v,mpg,mov,mp2,mp3,mp4,mpeg,mpegts,ogg,ogv,oga,ts,vob,vtt,wav,webvtt,"
    "cmfv,cmfa,ec3,fmp4,html"
)
_SAFE = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/(?=[A-Za-z0-9_-])|\Z))*")
_FILE_LINE = re.compile(rf"[{BLANKS}]*file[{BLANKS}]+")
_URI = re.compile(r'(?<=URI=")[^"]*')


def is_safe(name: str) -> bool:
    """Whether the demuxer concat takes a name without -safe 0 (libavformat/concatdec.c, `safe_filename`)."""
    return _SAFE.fullmatch(name) is not None


def is_allowed(name: str, extensions: str) -> bool:
    """Whether the demuxer hls opens a local file of this name (libavformat/hls.c, `open_url`)."""
    return extensions == "ALL" or name.rpartition(".")[2].lower() in extensions.split(",")


def concat_list(text: str, naming: Naming) -> str:
    """A list of the concat demuxer: FFmpeg formats documentation, "concat"."""
    return "".join(_list_line(line, naming) for line in text.splitlines(keepends=True))


def _list_line(line: str, naming: Naming) -> str:
    if found := _FILE_LINE.match(line):
        return f"file {naming(token(line, found.end(), BLANKS)[0])}\n"
    return line


def lines(text: str) -> list[str]:
    """What each line of `text` names, quoted as FFmpeg has it: FFmpeg protocols documentation, "concatf"."""
    return [named for line in text.splitlines() if (named := token(line, 0, "\r\n")[0])]


def playlist(text: str, naming: Naming) -> str:
    """An HLS playlist, of segments or of others: RFC 8216."""
    return "".join(_playlist_line(line, naming) for line in text.splitlines(keepends=True))


def _playlist_line(line: str, naming: Naming) -> str:
    if line.startswith("#EXT"):
        return _URI.sub(lambda uri: uri[0] if uri[0].startswith("data:") else naming(uri[0]), line)
    if line.startswith("#") or not line.strip():
        return line
    return naming(line.strip()) + "\n"


def key_info(text: str, naming: Naming) -> str:
    """What `-hls_key_info_file` reads: the key's URI, the key's file, and perhaps an IV, a line each."""
    lines = text.splitlines()
    return "".join(f"{naming(line) if number == 1 else line}\n" for number, line in enumerate(lines))
