"""Inputs that are not there, not media, damaged, or not to be read."""

import re

from ffmill.diagnosis import names
from ffmill.diagnosis.case import Scene
from ffmill.diagnosis.rule import Clue, Finding, Rule, Says
from ffmill.errors import FailureCode
from ffmill.jobs.mending import Word
from ffmill.jobs.names import shown
from ffmill.jobs.options import File

_DAMAGED = FailureCode.INPUT_DAMAGED
_INVALID_DATA = (183, 69)  # the exit codes of AVERROR_INVALIDDATA and of too many errors of a decoder (fftools)
_NUMBERED = re.compile(r"in#(\d+)")
_NETWORK = Says(
    FailureCode.PROTOCOL_REFUSED,
    "a file names an address in the network, and commands have no network",
    "give every file in input_files, and make what names them name plain files",
)


def _name(file: File | None) -> str:
    return shown(file.path.removeprefix("inputs/")) if file else "an input"


def _of_path(clue: Clue) -> Finding | None:
    """As FFmpeg said it up to version 6."""
    return _invalid(clue) if clue.scene.file(clue["path"]) else None


def _other_decoder(clue: Clue) -> Finding | None:
    """`-c:v hevc -i` of a film in H.264: what the decoder says of damage means nothing."""
    for file in clue.scene.line.inputs:
        for option in clue.scene.options("c", "codec", "vcodec", "acodec", "scodec", at=file):
            word = f"{clue.scene.argv[option.at]} {option.value}"
            if option.value not in clue.line.speaker:
                continue
            return Finding(
                code=FailureCode.OPTION_MISPLACED,
                summary=f"{word} before -i chooses the decoder, which cannot read the stream",
                hint=f"leave it out: FFmpeg finds the decoder by itself; to encode, write {word} after the inputs",
            )
    return None


def _hardly_decoded(clue: Clue) -> Finding:
    return _other_decoder(clue) or Finding(
        code=_DAMAGED,
        summary="a stream of the input is damaged, and can hardly be decoded",
        hint="send the file again; it may be cut off",
    )


def _keyword(clue: Clue) -> Finding:
    """The first word of a line in a list for concat; a byte order mark before it cannot be seen."""
    word, mark = clue["word"].removeprefix("\ufeff"), clue["word"].startswith("\ufeff")
    return Finding(
        code=FailureCode.INPUT_NOT_MEDIA,
        summary=f"the list for concat begins with a byte order mark, which FFmpeg takes for a part of {shown(word)}"
        if mark
        else f"line {clue['line']} of the list for concat begins with {shown(word)}, which says nothing to FFmpeg",
        hint="save the list as UTF-8 without BOM"
        if mark
        else "write each line of the list as: file 'NAME'; to read a film, leave -f concat out",
    )


def _given_up(clue: Clue) -> Finding | None:
    """Decoders complain of much that does no harm; they were why, where FFmpeg ended by that."""
    if clue.scene.case.exit_code not in _INVALID_DATA:
        return None
    if decoded := _other_decoder(clue):
        return decoded
    return Finding(
        code=_DAMAGED,
        summary="a stream of the input is damaged, and could not be decoded",
        hint="send the file again; leave -xerror and -err_detect out to go on past what is damaged",
    )


def _no_index(clue: Clue) -> Finding:
    file = clue.scene.input(clue.line)
    return _forced(clue, file) or Finding(
        code=_DAMAGED,
        summary=f"{_name(file)} has no index (moov atom): it is cut off, or no MP4 at all",
        hint="look at what its URL gives: the download or the recording may have broken off, "
        "or it is an error page in place of the film",
    )


def _invalid(clue: Clue) -> Finding:
    file = clue.scene.input(clue.line)
    if forced := _forced(clue, file):
        return forced
    if file and file.path.endswith(".txt"):
        return Finding(
            code=FailureCode.INPUT_NOT_MEDIA,
            summary=f"{_name(file)} is text, not media",
            hint="if it lists files to join, write -f concat before its -i",
            mended=_as_list(clue.scene, file),
        )
    return Finding(
        code=FailureCode.INPUT_NOT_MEDIA,
        summary=f"{_name(file)} is nothing that FFmpeg can read",
        hint="look at what its URL gives: it may be an error page or a text; raw data needs -f and its size before -i",
    )


def _as_list(scene: Scene, file: File) -> tuple[Word, ...] | None:
    """A list by its name; whether it is one, only its content tells."""
    named = re.search(r"list|concat|files|segments|playlist", file.path, re.IGNORECASE)
    if not named or file.last("f"):
        return None
    draft = scene.draft().insert(file.at - 1, "-f", "concat", "-safe", "0")
    for output in scene.line.outputs:  # where it stood, and does not belong
        for option in scene.options("f", "safe", at=output):
            if option.name == "safe" or option.value == "concat":
                draft.drop(option.at, 2)
    return draft.words


def _forced(clue: Clue, file: File | None) -> Finding | None:
    """-f before -i that says another format than the file's name."""
    forced = file.last("f") if file else None
    if file is None or forced is None or forced in ("concat", "lavfi"):
        return None
    suffix = file.path.rpartition(".")[2].lower()
    own = names.FORMATS.get(suffix, suffix)
    scene = clue.scene
    if own == forced or {own, forced} <= {"mov", "mp4", "ipod", "m4a"} or {own, forced} <= {"matroska", "webm"}:
        return None
    known = scene.build is not None and (own in scene.build.lists.demuxers or own in scene.build.lists.muxers)
    draft = scene.draft()
    for option in scene.options("f", at=file):
        draft.drop(option.at, 2)
    return Finding(
        code=FailureCode.INPUT_NOT_MEDIA,
        summary=f"{_name(file)} is not of the format {forced}, as -f before its -i says",
        hint=f"leave -f {forced} out: FFmpeg finds the format by itself",
        mended=draft.words if known else None,
    )


def _protocol(clue: Clue) -> Finding:
    name = clue["name"]
    if name in ("file", "data", "crypto", "concat", "subfile", "pipe", "fd"):
        given = list(clue.scene.options("protocol_whitelist"))
        return Finding(
            code=FailureCode.PROTOCOL_REFUSED,
            summary=f"-protocol_whitelist does not name {name}, which the command needs",
            hint="leave -protocol_whitelist out, or add " + name,
            mended=clue.scene.draft().drop(given[0].at, 2).words if len(given) == 1 else None,
        )
    return Finding(
        code=FailureCode.PROTOCOL_REFUSED,
        summary=f"an input names a {name} address, and commands have no network",
        hint="give every file that it names in input_files, and make it name them as plain files",
    )


RULES = (
    Rule(r"Protocol '(?P<name>\w+)' not on whitelist", _protocol),
    Rule(r"(?:Failed to resolve hostname|Connection to \w+://.* failed|.*: Network is unreachable)", _NETWORK),
    Rule(r"(?P<name>\w+): ?Protocol not found|.*Error opening input: Protocol not found", _NETWORK),
    Rule(
        r"Invalid UTF-8 in decoded subtitles text",
        Says(
            _DAMAGED,
            "the subtitles are not written in UTF-8",
            "save them as UTF-8, or tell what they are written in: -sub_charenc CP1252 before their -i, "
            "or charenc=CP1252 in the filter subtitles",
        ),
    ),
    Rule(r"moov atom not found", _no_index),
    Rule(
        r"Line (?P<line>\d+): unknown keyword '(?P<word>.*)'",
        _keyword,
    ),
    Rule(
        r"Picture size 0x0 is invalid",
        Says(
            FailureCode.BAD_OPTION_VALUE,
            "raw video does not tell its size",
            "write -video_size 640x360 -pixel_format yuv420p -framerate 25 before -i, or leave -f rawvideo out",
        ),
    ),
    Rule(
        r"Decode error rate (?P<rate>[\d.]+) exceeds maximum"
        r"|.*Error (?:processing|submitting) packet (?:in|to) decoder: Invalid data",
        _hardly_decoded,
    ),
    Rule(r"Error opening input:? Invalid data found when processing input", _invalid),
    Rule(r"(?P<path>\S+): Invalid data found when processing input", _of_path),
)
LAST = (
    Rule(
        r"(?:Invalid NAL unit size|error while decoding MB|Error splitting the input into NAL units"
        r"|Input buffer exhausted"
        r"|Invalid level prefix|corrupt decoded frame|Error decoding)",
        _given_up,
    ),
)
