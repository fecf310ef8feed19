"""A value that an option of ffmpeg itself does not take: times, sizes, rates, levels."""

import re

from ffmill.diagnosis.rule import Clue, Finding, Rule, Says
from ffmill.diagnosis.rules.values import swapped
from ffmill.errors import FailureCode
from ffmill.jobs.names import shown

_BAD = FailureCode.BAD_OPTION_VALUE
CHANNELS = {"mono": "1", "stereo": "2", "5.1": "6", "7.1": "8"}


def _duration(clue: Clue) -> Finding:
    name, value = clue["name"], clue["value"]
    point = value.replace(",", ".") if re.fullmatch(r"[\d:]+,\d+", value) else None
    return Finding(
        code=_BAD,
        summary=f"{shown(value)} is no time, as -{name} needs it",
        hint="write seconds, as 90 or 12.5, or hours, minutes and seconds, as 00:01:30.5",
        mended=swapped(clue.scene, value, point, name),
    )


def _number(clue: Clue) -> Finding:
    name, value = clue["name"], clue["value"]
    right = CHANNELS.get(value.lower()) if name.partition(":")[0] == "ac" else None
    return Finding(
        code=_BAD,
        summary=f"-{name} takes a number, and {shown(value)} is none",
        hint=f"write -{name} {right or 'and a whole number'}",
        mended=swapped(clue.scene, value, right, name),
    )


def _size(clue: Clue) -> Finding:
    value = clue["value"]
    right = re.fullmatch(r"(\d+)[*×:, X](\d+)p?", value)
    return Finding(
        code=_BAD,
        summary=f"{shown(value)} is no size of a picture",
        hint=f"write {right[1]}x{right[2]}" if right else "write width and height, as 640x360, or a name, as hd720",
        mended=swapped(clue.scene, value, f"{right[1]}x{right[2]}" if right else None, "s", "video_size"),
    )


def _negative(clue: Clue) -> Finding:
    return Finding(
        code=_BAD,
        summary="-to lies before -ss: nothing would be left",
        hint="write a -to that is later than -ss (both count from the start), or the length as -t",
    )


def _rate(clue: Clue) -> Finding:
    """`-r 23,976`, `-r 30fps`."""
    value = clue["value"]
    found = re.fullmatch(r"(\d+)(?:[.,](\d+))? ?(?:fps|p)?", value)
    right = (found[1] + (f".{found[2]}" if found[2] else "")) if found and found[1] != "0" else None
    return Finding(
        code=_BAD,
        summary=f"{shown(value)} is no frame rate",
        hint=f"write -r {right}" if right else "write pictures per second above 0, as -r 25 or -r 30000/1001",
        mended=swapped(clue.scene, value, right, "r"),
    )


def _metadata(clue: Clue) -> Finding:
    names = [clue.scene.argv[option.at] for option in clue.scene.options("metadata", "map_metadata")]
    return Finding(
        code=_BAD,
        summary=f"{' or '.join(dict.fromkeys(names))} has no kind {clue['value']}",
        hint="write -metadata for the whole output, -metadata:s:a:0 for its first sound; "
        "-map_metadata 0 for all of the first input, 0:s:a:0 for its first sound",
    )


RULES = (
    Rule(r"Invalid duration (?:for option |specification for )(?P<name>\w+): (?P<value>.*)", _duration),
    Rule(r"Expected (?:number|int|int64|float|time)\w* for (?P<name>[\w:]+) but found:? (?P<value>.*)", _number),
    Rule(r"Invalid frame size: (?P<value>.*?)\.$", _size),
    Rule(r"-to value smaller than -ss", _negative),
    Rule(
        r"-(?P<name>t|to|ss) value must be non-negative",
        Says(_BAD, "-{name} is below 0", "write a time of 0 or more; -sseof -5 counts from the end of an input"),
    ),
    Rule(
        r"(?:Invalid (?:framerate|frame rate)(?: value)?|Error parsing framerate):? (?P<value>.*?)\.?$",
        _rate,
    ),
    Rule(
        r"Invalid aspect ratio: (?P<value>.*)",
        Says(_BAD, '"{value}" is no aspect ratio', "write -aspect 16:9, or a number, as 1.7777"),
    ),
    Rule(
        r"Invalid sample format '(?P<value>.*?)'",
        Says(
            _BAD,
            '"{value}" is no sample format',
            "write -sample_fmt s16, s32, flt or fltp, or leave it out; "
            "24 bits are -c:a pcm_s24le in .wav, and -sample_fmt s32 in .flac",
        ),
    ),
    Rule(
        r"Invalid value (?P<value>.*?) specified for fps_mode",
        Says(_BAD, '-fps_mode has no way "{value}"', "write passthrough, cfr, vfr or auto"),
    ),
    Rule(
        r"Invalid keyframe time: (?P<value>.*)|Invalid force_key_frames expression '(?P<expression>.*)'",
        Says(
            _BAD,
            '-force_key_frames does not take "{value}{expression}"',
            "write times, as 0,5,10, or an expression, as expr:gte(t,n_forced*2)",
        ),
    ),
    Rule(
        r"Rematrix is needed between .* and (?P<value>.*?) (?:channels )?but there is not enough information",
        Says(
            _BAD, "FFmpeg does not know how to spread the sound over {value} channels", "write -ac 2, or -ac 6 for 5.1"
        ),
    ),
    Rule(
        r"Invalid loglevel \"(?P<value>.*?)\"",
        Says(_BAD, '"{value}" is no log level', "leave -loglevel out, or write quiet, error, warning, info or verbose"),
    ),
    Rule(
        r"Unrecognized hwaccel: (?P<value>.*)\.",
        Says(_BAD, '-hwaccel has no way "{value}"', "leave -hwaccel out: FFmpeg decodes on the CPU"),
    ),
    Rule(
        r"Could not determine norm \(PAL/NTSC/NTSC-Film\) for target|Unknown target: (?P<value>.*)",
        Says(_BAD, "-target does not take this", "write pal-dvd, ntsc-dvd, pal-vcd or the like, or leave it out"),
    ),
    Rule(
        r"No '=' character in metadata string (?P<value>.*?)\.$",
        Says(_BAD, '-metadata needs a name and a value, and "{value}" has no =', "write -metadata {value}=…"),
    ),
    Rule(
        r"Invalid value '(?P<value>.*?)' for option '(?P<name>.*?)', required syntax is '(?P<syntax>.*?)'",
        Says(_BAD, '-{name} does not take "{value}"', "write it as {syntax}"),
    ),
    Rule(
        r"Cannot write more than one file with the same name",
        Says(
            FailureCode.BAD_OPTION_VALUE,
            "many pictures would be written into one file",
            "write -frames:v 1 for one picture, or a pattern for all of them, as frame_%03d.png (in output_files too)",
        ),
    ),
    Rule(
        r"-sseof value must be negative",
        Says(_BAD, "-sseof counts back from the end, and is above 0", "write a negative time, as -sseof -5"),
    ),
    Rule(
        r"Invalid metadata type (?P<value>\w+)",
        _metadata,
    ),
)
