"""A codec, or a kind of stream, that the output's format does not take."""

import re

from ffmill.diagnosis.case import Scene
from ffmill.diagnosis.containers import (
    CONTAINERS,
    LEFT_OUT,
    Container,
    chosen,
    fitted,
    kind_of_codec,
    left_out,
    set_codec,
    takes,
)
from ffmill.diagnosis.rule import Clue, Finding, Rule, Says
from ffmill.errors import FailureCode
from ffmill.jobs.mending import Word
from ffmill.jobs.options import File, set_of

_NO = FailureCode.CODEC_NOT_IN_CONTAINER
_KINDS = {"video": "V", "audio": "A", "subtitle": "S"}
_MUXER = re.compile(r"out#\d+/(?P<name>\w+)")
# Codecs that one chooses for what MP4 does not have: another encoder in their place is seldom what was meant.
_OF_MOV = set_of("prores dnxhd qtrle rawvideo v210 cfhd hap")
# What an encoder of another codec would not take.
_OWN_SETTINGS = ("profile", "level", "tune", "pix_fmt", "x264-params", "x265-params")


def _output(clue: Clue) -> tuple[File | None, str]:
    """The output that failed and the name of its format; the line after tells which it was, where this one does not."""
    for line in (clue.line, *clue.scene.lines):
        number = line.number("out")
        muxer = next((found["name"] for context in line.contexts if (found := _MUXER.match(context))), "")
        if number is not None and muxer:
            return clue.scene.output(number), muxer
    return clue.scene.output(), clue.line.speaker


def _shown(muxer: str, output: File | None) -> str:
    """The format, with the suffix that people know it by: `ipod (.m4a)`."""
    suffix = output.path.rpartition(".")[2] if output and "." in output.path else muxer
    return muxer if suffix == muxer else f"{muxer} (.{suffix})"


def _codec(clue: Clue) -> Finding:
    """A codec that is named does not go into the format."""
    codec = clue["codec"]
    output, muxer = _output(clue)
    kind = kind_of_codec(clue.scene, codec)
    container = CONTAINERS.get(muxer)
    encoder = container.usual.get(kind or "") if container else None
    if codec in _OF_MOV and muxer == "mp4":
        return _for_mov(codec)
    mended = _replaced(clue.scene, output, container, kind) if output and container and kind and encoder else None
    return Finding(
        code=_NO,
        summary=f"the format {_shown(muxer, output)} takes no {codec}",
        hint=f"write -c:{kind.lower()} {encoder}, or choose another format (mkv takes nearly everything)"
        if kind and encoder
        else "choose another codec, or another format (mkv takes nearly everything)",
        mended=mended if mended and [word.text for word in mended] != list(clue.scene.argv) else None,
    )


def _replaced(scene: Scene, output: File, container: Container, kind: str) -> tuple[Word, ...] | None:
    """Another encoder for the kind that FFmpeg has named, where the command has no settings for the one that it had."""
    given = chosen(scene, output, kind)
    if given and given[1] != "copy" and any(scene.options(*_OWN_SETTINGS, at=output)):
        return None
    return fitted(scene, output, container, {kind}, named=kind)


def _for_mov(codec: str) -> Finding:
    return Finding(
        code=_NO,
        summary=f"the format mp4 takes no {codec}",
        hint="name the output .mov, which takes it (in output_files too), or write -c:v libx264",
    )


def _attached(clue: Clue) -> Finding:
    """`codec none`: a file that is attached."""
    output, muxer = _output(clue)
    return Finding(
        code=_NO,
        summary=f"the format {_shown(muxer, output)} takes no attachments and no data",
        hint="name the output .mkv (in output_files too), or leave -attach out and -map video, sound and subtitles",
    )


def _header(clue: Clue) -> Finding | None:
    """A format that does not say why: sure where a codec is chosen that it does not take."""
    output, muxer = _output(clue)
    container = CONTAINERS.get(muxer)
    if output is None or container is None:
        return None
    wrong = [found[1] for kind in container.usual if (found := chosen(clue.scene, output, kind))]
    wrong = [encoder for encoder in wrong if encoder != "copy" and not takes(clue.scene, container, encoder)]
    return _some_codec(clue) if wrong else None


def _some_codec(clue: Clue) -> Finding:
    """FFmpeg says only which codecs the format takes."""
    output, muxer = _output(clue)
    container = CONTAINERS.get(muxer)
    kinds = [kind for kind in container.usual if not any(clue.scene.options(LEFT_OUT[kind]))] if container else []
    usual = " ".join(f"-c:{kind.lower()} {container.usual[kind]}" for kind in kinds) if container else ""
    return Finding(
        code=_NO,
        summary=f"the format {_shown(muxer, output)} does not take the codec of a stream that the command gives it",
        hint=f"write {usual or 'another codec'}, or choose another format (mkv takes nearly everything)",
        mended=_sure(clue.scene, output, muxer),
    )


def _sure(scene: Scene, output: File | None, muxer: str) -> tuple[Word, ...] | None:
    container = CONTAINERS.get(muxer)
    if container is None or output is None:
        return None
    words = fitted(scene, output, container, {"V", "A"})
    return words if [word.text for word in words] != list(scene.argv) else None


def _only(clue: Clue) -> Finding:
    """`gif muxer supports only codec gif for type video`."""
    kind, codec = _KINDS.get(clue["kind"], "V"), clue["codec"]
    output, muxer = _output(clue)
    encoder = CONTAINERS[muxer].usual.get(kind, codec) if muxer in CONTAINERS else codec
    return Finding(
        code=_NO,
        summary=f"the format {clue['muxer']} takes only {codec}",
        hint=f"write -c:{kind.lower()} {encoder}, or choose another format",
        mended=set_codec(clue.scene, output, kind, encoder) if output and muxer in CONTAINERS else None,
    )


def _no_kind(clue: Clue) -> Finding:
    """`wav muxer does not support any stream of type video`."""
    kind = _KINDS.get(clue["kind"], "V")
    output, muxer = _output(clue)
    leave = LEFT_OUT[kind]
    container = CONTAINERS.get(muxer)
    maps = clue.scene.options("map", at=output) if output else ()
    mapped = any(option.value != "0" for option in maps)  # by its name, and so it is wanted
    mended = left_out(clue.scene, output, kind) if output and not mapped else None
    if output and container and not mapped and output.last("c", "codec") == "copy":
        mended = _also_fitted(clue.scene, output, muxer, leave)
    return Finding(
        code=_NO,
        summary=f"the format {clue['muxer']} takes no {clue['kind']}, and the command gives it some",
        hint=f"write -{leave} to leave it out, or choose another format",
        mended=mended,
    )


def _also_fitted(scene: Scene, output: File, muxer: str, leave: str) -> tuple[Word, ...]:
    """What is left is copied, and may not fit either."""
    draft = scene.draft().insert(output.at, f"-{leave}")
    for kind, encoder in CONTAINERS[muxer].usual.items():
        if kind == "A":
            draft.insert(output.at, "-c:a", encoder)
    return draft.words


def _one_stream(clue: Clue) -> Finding:
    """`Exactly one MP3 audio stream is required`: several are mapped, or one of another codec."""
    output, muxer = _output(clue)
    maps = list(clue.scene.options("map", at=output)) if output else []
    mended = _sure(clue.scene, output, muxer)
    if mended is None and len(maps) > 1 and len({option.value for option in maps}) == 1:
        draft = clue.scene.draft()
        for option in maps[1:]:
            draft.drop(option.at, 2)
        mended = draft.words
    return Finding(
        code=_NO,
        summary=f"the format {muxer} takes exactly one stream of sound, {clue['codec']}",
        hint=f"write -c:a {CONTAINERS[muxer].usual['A'] if muxer in CONTAINERS else muxer}, and map one stream only",
        mended=mended,
    )


RULES = (
    Rule(r"Could not find tag for codec none in stream", _attached),
    Rule(r"Could not find tag for codec (?P<codec>\w+) in stream", _codec),
    Rule(r"Subtitle codec (?P<codec>\w+) \(\d+\) is not supported", _codec),
    Rule(
        r"Attachment stream (?P<stream>\d+) has no mimetype tag",
        Says(
            _NO,
            "a file attached to .mkv needs a MIME type, and stream {stream} has none",
            "write -metadata:s:t mimetype=image/png after -attach, or application/x-truetype-font for a font",
        ),
    ),
    Rule(r"Codec (?P<codec>\w+) not supported in WAVE format", _codec),
    Rule(r"(?:Video|Audio) codec (?P<codec>\w+) not compatible with flv", _codec),
    Rule(r"(?P<codec>\w+) (?:in MP4 support is experimental|only supported in MP4)", _codec),
    Rule(r"Only .* are supported for WebM", _some_codec),
    Rule(r"Unsupported codec id in stream \d+", _some_codec),
    Rule(r"Codec for stream \d+ does not use global headers|Unsupported codec", _some_codec),
    Rule(r"(?P<muxer>\w+) muxer supports only codec (?P<codec>\w+) for type (?P<kind>\w+)", _only),
    Rule(r"(?P<muxer>\w+) muxer does not support any stream of type (?P<kind>\w+)", _no_kind),
    Rule(r"Invalid audio stream\. Exactly one (?P<codec>\w+) audio stream is required", _one_stream),
    Rule(
        r"No mimetype is known for stream (?P<stream>\d+), cannot write an attached picture",
        Says(
            _NO,
            "stream {stream} would be the cover picture of the sound file, and a film cannot be that",
            "leave the film out with -vn; a cover has to be a picture: write -c:v mjpeg -frames:v 1",
        ),
    ),
    Rule(
        r"Tag (?P<tag>.*?) incompatible with output codec id '\d+' \((?P<right>[^)]*)\)",
        Says(
            FailureCode.BAD_OPTION_VALUE,
            "the tag {tag} is not for the codec of this stream, which is written with {right}",
            "leave -tag out, or write the one that is for the codec: avc1 for h264, hvc1 for hevc",
        ),
    ),
    Rule(r"Could not write header", _header),
)
