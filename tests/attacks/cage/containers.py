"""Crafted files, made here byte by byte or by ffmpeg without a cage."""

import gzip
import struct
import subprocess
import tempfile
import zlib
from functools import cache
from pathlib import Path

from ffmill import programs
from ffmill.config import Settings

MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def box(kind: str, *parts: bytes) -> bytes:
    """Of QuickTime."""
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind.encode()) + content


def full_box(kind: str, *parts: bytes) -> bytes:
    """With a version and flags, both 0."""
    return box(kind, bytes(4), *parts)


def alias(path: str, up: int = 0) -> bytes:
    """A reference to the data of a track in another file, as the Macintosh wrote it (mov_read_dref of ffmpeg).

    By an absolute path, or by one that begins so many directories above the referring file.
    """
    name = path.rpartition("/")[2].encode()
    volume, file = b"\1v" + bytes(26), bytes([len(name)]) + name + bytes(63 - len(name))
    fixed = (
        bytes(10) + volume + bytes(12) + file + bytes(16) + struct.pack(">HH", up, up and path.count("/")) + bytes(16)
    )
    records = b""
    for kind, text in ((2, path.encode()), (18, path.encode())):
        records += struct.pack(">HH", kind, len(text)) + text + bytes(len(text) % 2)
    return full_box("alis", fixed, records, struct.pack(">HH", 0xFFFF, 0), bytes(64))


def movie(reference: bytes) -> bytes:
    """A QuickTime file with a track of sound whose samples lie where the reference says."""
    samples, rate = 16, 8000
    description = box("sowt", bytes(6), struct.pack(">H", 1), bytes(8), struct.pack(">HHHHI", 1, 16, 0, 0, rate << 16))
    table = box(
        "stbl",
        full_box("stsd", struct.pack(">I", 1), description),
        full_box("stts", struct.pack(">III", 1, samples, 1)),
        full_box("stsc", struct.pack(">IIII", 1, 1, samples, 1)),
        full_box("stsz", struct.pack(">II", 2, samples)),
        full_box("stco", struct.pack(">II", 1, 0)),
    )
    data = box("dinf", full_box("dref", struct.pack(">I", 1), reference))
    media = box(
        "mdia",
        full_box("mdhd", struct.pack(">IIIIHH", 0, 0, rate, samples, 0, 0)),
        full_box("hdlr", b"mhlrsoun", bytes(13)),
        box("minf", full_box("smhd", bytes(4)), data, table),
    )
    head = full_box("mvhd", struct.pack(">IIIIIH", 0, 0, rate, samples, 0x10000, 0x100), bytes(10), MATRIX, bytes(28))
    track = full_box("tkhd", struct.pack(">IIIII", 0, 0, 1, 0, samples), bytes(16), MATRIX, bytes(8))
    return box("ftyp", b"qt  ", bytes(4), b"qt  ") + box("moov", head, box("trak", track, media))


@cache
def matroska(name: str) -> bytes:
    """A file with an attachment of this name."""
    with tempfile.TemporaryDirectory() as directory:
        attached, made = Path(directory, "attached"), Path(directory, "a.mkv")
        attached.write_text("attached")
        source = ("-f", "lavfi", "-i", "sine=d=0.1", "-attach", str(attached))
        told = ("-metadata:s:t", "mimetype=text/plain", "-metadata:s:t", f"filename={name}")
        words = [str(programs.ffmpeg(Settings())), "-v", "error", *source, *told, str(made)]
        subprocess.run(words, check=True, env={}, stdin=subprocess.DEVNULL)
        return made.read_bytes()


def png(width: int, height: int, bit_depth: int = 1) -> bytes:
    """A black picture, however large, of few bytes."""
    row = b"\0" * (1 + (width * bit_depth + 7) // 8)
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, bit_depth, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def compressed_header(size: int) -> bytes:
    """A QuickTime file whose header unpacks to so many zeros."""
    packed = zlib.compress(bytes(min(size, 64 << 20)), 1)
    inner = box("cmov", box("dcom", b"zlib"), box("cmvd", struct.pack(">I", size & 0xFFFFFFFF), packed))
    return box("ftyp", b"qt  ", bytes(4), b"qt  ") + box("moov", inner)


def svgz(size: int) -> bytes:
    """A drawing, packed, whose text has so many bytes."""
    head = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
    return gzip.compress(head + b"<g/>" * (size // 4) + b"</svg>", 1)


def laughs(root: str, document: str) -> str:
    """XML in which one entity stands for a billion of another."""
    steps = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE {root} [<!ENTITY l0 "laugh">{steps}]>{document}'
