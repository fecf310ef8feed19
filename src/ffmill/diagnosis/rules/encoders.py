"""An encoder does not take the picture, the sound, or the settings that it is given."""

from ffmill.diagnosis.rule import Clue, Finding, Rule, Says
from ffmill.diagnosis.sizes import evened
from ffmill.errors import FailureCode
from ffmill.jobs.names import shown

_NO = FailureCode.ENCODER_REFUSED
LAYOUTS = {8: "7.1", 7: "6.1", 6: "5.1", 5: "5.0", 4: "4.0", 2: "stereo", 1: "mono"}  # what -ac makes of a number


def _odd(clue: Clue) -> Finding:
    """`width not divisible by 2 (81x45)`: chroma of 4:2:0 has half the size."""
    return Finding(
        code=FailureCode.ODD_DIMENSIONS,
        summary=f"the picture is {clue['width']}×{clue['height']}, "
        f"and {clue.line.speaker} takes only even widths and heights",
        hint="write -2 where scale has -1 (as scale=640:-2), even numbers elsewhere, "
        "or add pad=ceil(iw/2)*2:ceil(ih/2)*2 at the end of -vf",
        mended=evened(clue.scene),
    )


def _supported(clue: Clue) -> list[str]:
    """What stands below the line, an indented value in each."""
    lines = list(clue.scene.lines)
    below = [line.text for line in lines[lines.index(clue.line) + 2 :] if line.contexts == clue.line.contexts]
    return [text for text in below if text and " " not in text][:20]


def _sample_rate(clue: Clue) -> Finding:
    rates = [int(rate) for rate in _supported(clue) if rate.isdigit()]
    wanted = int(clue["rate"])
    best = min(rates, key=lambda rate: (abs(rate - wanted), -rate), default=None)
    given = list(clue.scene.options("ar"))
    mended = clue.scene.draft().replace(given[0].at + 1, str(best)).words if best and len(given) == 1 else None
    return Finding(
        code=_NO,
        summary=f"{clue['encoder'] or 'the encoder'} does not take a sample rate of {wanted} Hz",
        hint=f"write -ar {best or 48000}" + (f"; it takes {', '.join(map(str, sorted(rates)))}" if rates else ""),
        mended=mended,
    )


def _channels(layouts: list[str], wanted: str) -> int:
    """As many as it takes, and not more than were wanted."""
    most = next((count for count, name in LAYOUTS.items() if wanted.startswith(name)), 2)
    return max((count for count, name in LAYOUTS.items() if count <= most and name in layouts), default=1)


def _layout(clue: Clue) -> Finding:
    layouts = _supported(clue)
    channels = _channels(layouts, clue["layout"])
    given = list(clue.scene.options("ac"))
    outputs = clue.scene.line.outputs
    draft = clue.scene.draft()
    if given:
        draft.replace(given[-1].at + 1, str(channels))
    elif len(outputs) == 1:
        draft.insert(outputs[0].at, "-ac", str(channels))
    sure = bool(layouts) and (len(given) == 1 or (not given and len(outputs) == 1))
    return Finding(
        code=_NO,
        summary=f"{clue['encoder']} does not take sound of the layout {clue['layout']}",
        hint=f"write -ac {channels}" + (f"; it takes {', '.join(layouts)}" if layouts else ""),
        mended=draft.words if sure else None,
    )


def _format(clue: Clue) -> Finding:
    formats = _supported(clue)
    option = "pix_fmt" if clue["what"] == "pixel" else "sample_fmt"
    given = list(clue.scene.options(option))
    mended = clue.scene.draft().replace(given[0].at + 1, formats[-1]).words if len(given) == 1 and formats else None
    return Finding(
        code=_NO,
        summary=f"{clue['encoder']} does not take the {clue['what']} format {clue['format']}",
        hint=f"write -{option} {formats[-1] if formats else '…'}"
        + (f"; it takes {', '.join(formats)}" if formats else ""),
        mended=mended,
    )


def _profile(clue: Clue) -> Finding:
    reasons = [line.text.partition("]: ")[2] for line in clue.scene.lines if "doesn't support" in line.text]
    name = clue["name"]
    if reasons:
        return Finding(
            code=_NO,
            summary=f"-profile {name} does not go with the picture: {reasons[0]}",
            hint="write -pix_fmt yuv420p to turn the picture into what the profile takes, or leave -profile out",
        )
    return Finding(
        code=FailureCode.BAD_OPTION_VALUE,
        summary=f"{clue.line.speaker} has no profile {shown(name)}",
        hint="leave -profile out, or write one of baseline, main, high, high10, high422, high444",
    )


def _amr(clue: Clue) -> Finding:
    outputs = clue.scene.line.outputs
    others = [line for line in clue.scene.lines if line.text.startswith("Error while opening encoder")]
    sure = len(outputs) == 1 and len(others) <= 1 and not any(clue.scene.options("ar", "ac"))
    rate = clue["rate"] or "8000"
    return Finding(
        code=_NO,
        summary=f"{clue.line.speaker} takes only sound of one channel with {rate} Hz",
        hint=f"write -ar {rate} -ac 1",
        mended=clue.scene.draft().insert(outputs[0].at, "-ar", rate, "-ac", "1").words if sure else None,
    )


def _x265(clue: Clue) -> Finding:
    """What x265 prints by itself is why it does not open."""
    reasons = [line.text.partition("]: ")[2] for line in clue.scene.lines if line.text.startswith("x265 [error]")]
    mended = evened(clue.scene)
    return Finding(
        code=FailureCode.ODD_DIMENSIONS if mended else _NO,
        summary=f"libx265 did not start: {reasons[0]}"
        if reasons
        else "libx265 did not start with this picture and settings",
        hint="write even widths and heights, and -2 where scale has -1"
        if mended
        else "leave its settings out one by one",
        mended=mended,
    )


def _no_first_pass(clue: Clue) -> Finding:
    return Finding(
        code=FailureCode.FILE_NOT_FOUND,
        summary=f"the second pass needs {clue['path']}, which a first pass has written, and there is none",
        hint="write a command before this one with pass=1 in place of pass=2, ending in -an -f null -",
    )


RULES = (
    Rule(r"x265 \[error\]: unable to open file (?P<path>.*2pass\S*)", _no_first_pass),
    Rule(
        r"Invalid or incompatible profile set: (?P<name>.*?)\.",
        Says(
            FailureCode.BAD_OPTION_VALUE,
            "libx265 has no profile {name} for such a picture",
            "leave -profile out, and libx265 chooses by -pix_fmt; it has main, main10, main422-10, main444-8",
        ),
    ),
    Rule(
        r"CRF/CQP is incompatible with 2pass",
        Says(
            _NO,
            "two passes are for a bit rate, and the command asks for a quality",
            "write -b:v 2M or the like in place of -crf in both passes, or keep -crf and run one command without -pass",
        ),
    ),
    Rule(
        r"MPEG-1/2 does not support (?P<rate>\S+) fps",
        Says(
            _NO,
            "{speaker} does not take {rate} pictures per second",
            "write -r 25, or 24000/1001, 24, 30000/1001, 30, 50, 60000/1001 or 60",
        ),
    ),
    Rule(
        r"Input dimensions too small, input must be at least (?P<size>\d+x\d+)",
        Says(_NO, "{speaker} takes no picture that is smaller than {size}", "scale it up, as by -vf scale=1280:-2"),
    ),
    Rule(r"(?:width|height) not divisible by 2 \((?P<width>\d+)x(?P<height>\d+)\)", _odd),
    Rule(r"Specified sample rate (?P<rate>\d+) is not supported(?: by the (?P<encoder>[\w-]+))?", _sample_rate),
    Rule(r"Specified channel layout '(?P<layout>.*?)' is not supported by the (?P<encoder>[\w-]+)", _layout),
    Rule(
        r"Specified (?P<what>pixel|sample) format (?P<format>\w+) is not supported by the (?P<encoder>[\w-]+)",
        _format,
    ),
    Rule(r"Cannot open libx265 encoder", _x265),
    Rule(r"Error setting profile (?P<name>.*?)\.$", _profile),
    Rule(r"Only (?P<rate>\d+)Hz sample rate supported|Only mono supported", _amr),
    Rule(
        r"The bit rate (?P<rate>\d+) bps is unsupported\. Please choose a value between (?P<low>\d+) and (?P<high>\d+)",
        Says(
            _NO, "{speaker} does not take {rate} bits per second", "write -b:a between {low} and {high}, as -b:a 128k"
        ),
    ),
    Rule(
        r"Profile not supported!",
        Says(_NO, "{speaker} has no such profile in this FFmpeg", "leave -profile:a out: aac is then aac_low"),
    ),
    Rule(
        r"(?:width and height must be a multiple of 4|The specified picture size of (?P<size>\w+) is not valid)",
        Says(
            _NO,
            "{speaker} takes only a few sizes of picture",
            "write -s 352x288 (h263 has 128x96, 176x144, 352x288, 704x576), or use another encoder",
        ),
    ),
    Rule(
        r"Frame size: \d+x\d+[ip]; bitrate:",
        Says(
            _NO,
            "dnxhd takes only certain sizes, bit rates and pixel formats, which the log lists",
            "write -profile:v dnxhr_hq -pix_fmt yuv422p, which takes any size",
        ),
    ),
    Rule(
        r"The encoder timebase is not set",
        Says(_NO, "the video has no frame rate: it is 0", "write a frame rate above 0, as -r 25 or fps=25"),
    ),
    Rule(
        r"Picture size (?P<size>(?!0x0)\d+x\d+) is invalid",
        Says(
            FailureCode.BAD_OPTION_VALUE,
            "FFmpeg makes no picture of {size}",
            "choose a smaller size above 0; for raw video, write -video_size before -i",
        ),
    ),
)
LAST = (
    Rule(
        r"(?:Error initializing output stream \S+ -- )?Error while opening encoder",
        Says(
            _NO,
            "{speaker} did not start with these settings and this picture or sound",
            "leave its settings out one by one, or choose another encoder; detail says more",
        ),
    ),
)
