"""Settings that an encoder has of its own, and does not take."""

from ffmill.diagnosis.nearest import nearest
from ffmill.diagnosis.rule import Clue, Finding, Rule, Says
from ffmill.diagnosis.rules import values
from ffmill.errors import FailureCode
from ffmill.jobs.names import shown
from ffmill.jobs.options import set_of

_BAD = FailureCode.BAD_OPTION_VALUE
PRESETS = "ultrafast superfast veryfast faster fast medium slow slower veryslow placebo"
TUNES = {
    "libx264": "film animation grain stillimage psnr ssim fastdecode zerolatency",
    "libx265": "psnr ssim grain zerolatency fastdecode animation",
}


def _preset(clue: Clue) -> Finding:
    preset, tune = clue["preset"], clue["tune"]
    encoder = clue.line.speaker
    if preset in PRESETS.split() or preset == "(null)":
        near = nearest(tune, set_of(TUNES.get(encoder, TUNES["libx264"])), sure=1)
        return Finding(
            code=_BAD,
            summary=f"{encoder} has no tune {shown(tune)}",
            hint=f"it has: {TUNES.get(encoder, TUNES['libx264'])}; or leave -tune out",
            mended=values.swapped(clue.scene, tune, near.sure, "tune"),
        )
    near = nearest(preset, set_of(PRESETS), sure=1)
    return Finding(
        code=_BAD,
        summary=f"{encoder} has no preset {shown(preset)}",
        hint=f"it has, from fast to slow: {PRESETS}",
        mended=values.swapped(clue.scene, preset, near.sure, "preset"),
    )


def _first_pass(clue: Clue) -> Finding:
    given = next((option.value for option in clue.scene.options("pass")), "2")
    return Finding(
        code=FailureCode.FILE_NOT_FOUND,
        summary=f"-pass {given} needs what -pass 1 has written, and there is nothing",
        hint="write a command before this one with -pass 1 and the same settings, -passlogfile too, "
        "ending in -an -f null -",
    )


RULES = (
    Rule(r"Error setting preset/tune (?P<preset>.*?)/(?P<tune>.*?)\.$", _preset),
    Rule(r"ratecontrol_init: can't open stats file|.*Cannot read log file", _first_pass),
    Rule(
        r"invalid level_idc: (?P<value>\d+)|Error parsing option 'level' with value '(?P<text>.*?)'",
        Says(_BAD, "{speaker} has no level {value}{text}", "leave -level out, or write one as 3.1, 4.0, 4.1, 5.1"),
    ),
    Rule(
        r"bad (?P<what>option|value for) '(?P<name>.*?)':? '?(?P<value>[^']*)'?",
        Says(
            _BAD,
            "{speaker} does not know {name}={value} in its own parameters",
            "leave {name} out, or write it as the encoder has it; many have an option of FFmpeg, as -g for keyint",
        ),
    ),
    Rule(
        r"Error parsing option '(?P<name>.*?)' with value '(?P<value>.*?)'",
        Says(_BAD, "{speaker} does not take {value} for {name}", "leave {name} out, or write another value"),
    ),
)
