"""A value that an option does not take."""

import re

from ffmill.diagnosis import graphtext
from ffmill.diagnosis.case import Scene
from ffmill.diagnosis.graphtext import graphs_with
from ffmill.diagnosis.nearest import nearest
from ffmill.diagnosis.rule import Clue, Finding, Rule, Says
from ffmill.errors import FailureCode
from ffmill.jobs.mending import Word
from ffmill.jobs.names import shown

_BAD = FailureCode.BAD_OPTION_VALUE
VALUES = {
    "image size": "a size, as 640x360",
    "video rate": "a frame rate, as 25 or 30000/1001",
    "duration": "a time in seconds, as 1.5, or as 00:01:30",
    "color": "a color, as red or 0xFF8800",
    "channel layout": "a layout of channels, as mono, stereo or 5.1",
}
CHANNELS = {"mono": "1", "stereo": "2", "5.1": "6", "7.1": "8"}
_RATE = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[kKmMgG]?)(?:i?[bB](?:it)?(?:ps|/s)?|ps)")


def swapped(scene: Scene, value: str, right: str | None, *names: str) -> tuple[Word, ...] | None:
    """The command with another value for the one option that has this one."""
    given = [
        option
        for option in scene.line.options
        if option.value == value and (not names or option.name in names or scene.argv[option.at][1:] in names)
    ]
    return scene.draft().replace(given[0].at + 1, right).words if right is not None and len(given) == 1 else None


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


def _unparsed(clue: Clue) -> Finding:
    """`Unable to parse "crf" option value "high"`: what the option takes, its list tells, where it has one."""
    option, value = clue["option"], clue["value"]
    if rate := _RATE.fullmatch(value):
        right = rate["number"] + rate["unit"]
        return Finding(
            code=_BAD,
            summary=f"{shown(value)} is no bit rate",
            hint=f"write {right}: k is thousands, M is millions of bits per second",
            mended=_bit_rates(clue.scene),
        )
    if re.fullmatch(r"\d+,\d+", value):
        right = value.replace(",", ".")
        return Finding(
            code=_BAD,
            summary=f"-{option} takes a number, and {shown(value)} is none",
            hint=f"write {right}",
            mended=swapped(clue.scene, value, right),
        )
    taken = clue.scene.build.lists.option_values.get(option, ()) if clue.scene.build else ()
    return _of_list(clue, option, value, taken)


def kind_of_value(kind: str) -> str:
    """What FFmpeg's name for a kind of value means, with an example."""
    return VALUES.get(kind, f"a {kind}" if kind else "a number")


def span(low: str, high: str) -> str:
    """Between which numbers a value may be."""
    return f"{low} or more" if "e+" in high else f"from {low} to {high}"


def _bit_rates(scene: Scene) -> tuple[Word, ...]:
    """All bit rates of the command without their unit, which FFmpeg would complain of next."""
    draft = scene.draft()
    for option in scene.options("b", "ab", "vb", "maxrate", "minrate", "bufsize"):
        if rate := _RATE.fullmatch(option.value):
            draft.replace(option.at + 1, rate["number"] + rate["unit"])
    return draft.words


def _of_list(clue: Clue, option: str, value: str, taken: tuple[str, ...]) -> Finding:
    found = nearest(value, taken)
    given = next((one for one in clue.scene.line.options if value in one.value and one.name == option), None)
    mended = None
    if given is None and graphs_with(clue.scene, value):  # as flags of scale, which swscale reads
        return Finding(
            code=FailureCode.BAD_FILTER_OPTION,
            summary=f"{shown(value)} is no value that {option} takes",
            hint=(found.hint() + "; " if found.names else "") + f"it takes: {', '.join(taken[:40])}",
            mended=graphtext.swapped(clue.scene, value, found.sure),
        )
    if found.sure and given and given.value.count(value) == 1:
        mended = clue.scene.draft().replace(given.at + 1, given.value.replace(value, found.sure)).words
    near = f"{found.hint()}; " if found.names else ""
    takes = f"it takes: {', '.join(taken[:40])}" if taken else f"it takes {kind_of_value(clue['kind'])}"
    if not taken and option in ("preset", "profile", "quality", "tune"):
        takes += f", or a name that {clue.line.speaker} has for it; or leave -{option} out"
    return Finding(
        code=_BAD,
        summary=f"{shown(value)} is no value that -{option} of {clue.line.speaker or 'FFmpeg'} takes",
        hint=near + takes,
        mended=mended,
    )


def _flags(clue: Clue) -> Finding | None:
    """`+faststart+frag_keyfram`: the part that is wrong is told apart from the whole."""
    whole = next((line.text for line in clue.scene.lines if line.text.startswith("Unable to parse ")), "")
    found = re.match(r"Unable to parse \"(?P<option>[^\"]*)\" option value \"(?P<value>[^\"]*)\"", whole)
    taken = clue.scene.build.lists.option_values.get(found["option"], ()) if found and clue.scene.build else ()
    if not found or not taken or clue.line.filter or clue["part"] not in found["value"]:
        return None
    return _of_list(clue, found["option"], clue["part"], taken)


def _range(clue: Clue) -> Finding:
    value = clue["value"].rstrip("0").rstrip(".") if "." in clue["value"] else clue["value"]
    may_be = span(clue["low"], clue["high"])
    return Finding(
        code=_BAD,
        summary=f"-{clue['name']} of {clue.line.speaker or 'FFmpeg'} is {value}, and may be {may_be}",
        hint=f"write a number {may_be}",
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


RULES = (
    Rule(
        r"Error setting output stream dispositions",
        Says(_BAD, "-disposition does not take this", "write default, forced, attached_pic or 0, several joined by +"),
    ),
    Rule(r"Invalid duration (?:for option |specification for )(?P<name>\w+): (?P<value>.*)", _duration),
    Rule(r"Expected (?:number|int|int64|float|time)\w* for (?P<name>[\w:]+) but found:? (?P<value>.*)", _number),
    Rule(r"(?:Undefined constant or missing '\(' in|Invalid chars .* at the end of expression) '(?P<part>.*)'", _flags),
    Rule(r"Unable to parse \"(?P<option>.*?)\" option value \"(?P<value>.*?)\"(?: as (?P<kind>.*))?$", _unparsed),
    Rule(r"Value (?P<value>\S+) for parameter '(?P<name>.*?)' out of range \[(?P<low>\S+) - (?P<high>\S+)\]", _range),
    Rule(r"Invalid frame size: (?P<value>.*?)\.$", _size),
    Rule(r"-to value smaller than -ss", _negative),
    Rule(
        r"-(?P<name>t|to|ss) value must be non-negative",
        Says(_BAD, "-{name} is below 0", "write a time of 0 or more; -sseof -5 counts from the end of an input"),
    ),
    Rule(
        r"Invalid (?:framerate|frame rate)(?: value)?:? (?P<value>.*)",
        Says(_BAD, '"{value}" is no frame rate', "write pictures per second above 0, as -r 25 or -r 30000/1001"),
    ),
    Rule(
        r"Invalid aspect ratio: (?P<value>.*)",
        Says(_BAD, '"{value}" is no aspect ratio', "write -aspect 16:9, or a number, as 1.7777"),
    ),
    Rule(
        r"Invalid sample format '(?P<value>.*?)'",
        Says(_BAD, '"{value}" is no sample format', "write -sample_fmt s16, s32, flt or fltp, or leave it out"),
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
        r"Invalid segment filename template '(?P<path>.*?)'",
        Says(_BAD, "segments need names that differ, and {path} has no number", "write a pattern, as part_%03d.ts"),
    ),
    Rule(
        r"-sseof value must be negative",
        Says(_BAD, "-sseof counts back from the end, and is above 0", "write a negative time, as -sseof -5"),
    ),
    Rule(
        r"Invalid time duration specification '(?P<value>.*?)' in times list (?P<list>.*)",
        Says(_BAD, '"{value}" in "{list}" is no time', "write times in seconds with commas between, as 10,20.5,30"),
    ),
    Rule(
        r"Invalid metadata type (?P<value>\w+)",
        Says(
            _BAD, "-map_metadata has no kind {value}", "write 0 for all of the first input, 0:s:a:0 for its first sound"
        ),
    ),
    Rule(
        r"Error setting option (?P<name>\S+) to value (?P<value>.*?)\.$",
        Says(_BAD, "{speaker} does not take {value} for -{name}", "leave -{name} out, or write another value"),
    ),
    Rule(
        r"Failed to set value '(?P<value>.*?)' for option '(?P<name>.*?)': (?P<why>.*)",
        Says(_BAD, '-{name} does not take "{value}" ({why})', "leave -{name} out, or write another value"),
    ),
)
