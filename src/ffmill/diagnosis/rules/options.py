"""An option that is unknown, without its value, or written for the wrong file."""

from collections.abc import Iterator
from dataclasses import replace

from ffmill.diagnosis import known, names
from ffmill.diagnosis.case import Scene
from ffmill.diagnosis.rule import Clue, Finding, Rule, Says, told
from ffmill.errors import FailureCode
from ffmill.jobs.mending import Word
from ffmill.jobs.names import shown
from ffmill.jobs.options import File, Option, set_of

# Options of ffmpeg itself that only one kind of file takes (`ffmpeg -h full`), and the everyday ones of encoders and
# formats.
INPUT_ONLY = set_of(
    """
    sseof seek_timestamp accurate_seek noaccurate_seek isync itsoffset re readrate readrate_initial_burst
    readrate_catchup dump_attachment stream_loop find_stream_info itsscale discard hwaccel hwaccel_device
    hwaccel_output_format autorotate noautorotate display_rotation display_hflip display_vflip reinit_filter
    drop_changed fix_sub_duration canvas_size guess_layout_max
    """
)
OUTPUT_ONLY = set_of(
    """
    metadata map map_metadata map_chapters fs timestamp program stream_group dframes vframes aframes frames target
    shortest shortest_buf_duration qscale q profile attach muxdelay muxpreload vf af filter disposition fps_mode
    force_key_frames aspect pass passlogfile bits_per_raw_sample enc_time_base autoscale streamid
    b ab crf preset tune g bf maxrate minrate bufsize refs keyint_min sc_threshold qmin qmax level movflags x264-params
    x264opts x265-params svtav1-params deadline cpu-used row-mt compression_level quality update hls_time hls_list_size
    hls_segment_filename hls_playlist_type hls_flags segment_time segment_format reset_timestamps id3v2_version brand
    """
)
OF_PICTURES = set_of("pattern_type start_number framerate")  # of image2's demuxer, and without use for others
SPECIFIERS = {"video": "v", "audio": "a", "sound": "a", "subtitle": "s", "subtitles": "s", "vid": "v", "aud": "a"}


def _unrecognized(clue: Clue) -> Finding:
    word, name = f"-{clue['name']}", clue["name"]
    if problem := clue.scene.problem(word, FailureCode.NO_SUCH_OPTION):
        found = told(problem, clue.scene)
        return replace(found, mended=_without_vsync(clue.scene)) if name == "vsync" and not found.mended else found
    meant = names.OPTIONS.get(name)
    return Finding(
        code=FailureCode.NO_SUCH_OPTION,
        summary=f"this FFmpeg has no option {shown(word)}",
        hint=names.RETIRED.get(name)
        or (f"write -{meant}" if meant else "leave it out, or write the option that this version of FFmpeg has for it"),
        mended=_renamed(clue.scene, word, meant) if meant and name in names.SURE_OPTIONS else None,
    )


def _renamed(scene: Scene, word: str, meant: str) -> tuple[Word, ...] | None:
    draft = scene.draft()
    for at in (at for at, one in enumerate(scene.argv) if one == word):
        draft.replace(at, f"-{meant}")
    return draft.words


def _without_vsync(scene: Scene) -> tuple[Word, ...] | None:
    """`-vsync 0`, which stood anywhere, is an option of an output by now, and takes names."""
    given, outputs = list(scene.options("vsync")), scene.line.outputs
    right = known.VSYNC.get(given[0].value) if len(given) == 1 else None
    if right is None or len(outputs) != 1 or len(scene.problems) != 1:
        return None
    return scene.draft().drop(given[0].at, 2).insert(outputs[0].at, "-fps_mode", right).words


def _misplaced(clue: Clue) -> Finding:
    """`Option NAME (…) cannot be applied to input url PATH`: fftools/ffmpeg_opt.c."""
    return misplaced(clue.scene, clue["name"], for_input=clue["side"] != "input")


def _of_the_other_side(clue: Clue) -> Finding | None:
    """`Codec AVOption NAME (…) is not a decoding option`, or `… not an encoding option`."""
    return misplaced(clue.scene, clue["name"], for_input=clue["way"] == "encoding")


def misplaced(scene: Scene, name: str, *, for_input: bool) -> Finding:
    """An option that belongs before `-i`, or to the output, and stands elsewhere."""
    where = "before the -i of the input that it is for" if for_input else "after the inputs, before the output's name"
    return Finding(
        code=FailureCode.OPTION_MISPLACED,
        summary=f"-{name} is an option of an {'input' if for_input else 'output'}, "
        f"and stands before {'an output' if for_input else 'an input'}",
        hint=f"write -{name} {where}",
        mended=_moved(scene, name.partition(":")[0], for_input=for_input),
    )


def _moved(scene: Scene, name: str, *, for_input: bool) -> tuple[Word, ...] | None:
    """Sure where there is one file that they can be for."""
    inputs, outputs = scene.line.inputs, scene.line.outputs
    if len(outputs) != 1 or (for_input and len(inputs) != 1) or not inputs:
        return None
    place = inputs[0].at - 1 if for_input else outputs[0].at
    draft, moved = scene.draft(), False
    for option in _strangers(scene, outputs if for_input else inputs, name, for_input=for_input):
        draft.move(option.at, 1 if scene.takes_no_value(option) else 2, place)
        moved = True
    return draft.words if moved else None


def _strangers(scene: Scene, files: tuple[File, ...], name: str, *, for_input: bool) -> Iterator[Option]:
    """Options like the one that FFmpeg has named: it would complain of them next."""
    known = INPUT_ONLY if for_input else OUTPUT_ONLY
    for file in files:
        for option in file.options:
            if option.name in known or option.name == name or (not for_input and is_encoder(scene, option)):
                yield option


def is_encoder(scene: Scene, option: Option) -> bool:
    """Whether the option chooses a codec that only encodes."""
    if option.name not in ("c", "codec", "vcodec", "acodec", "scodec") or scene.build is None:
        return False
    name = option.value
    return name == "copy" or (scene.build.knows_encoder(name) and not scene.build.knows_decoder(name))


def _not_found(clue: Clue) -> Finding | None:
    """`Option NAME not found.`: an option that this input's format does not have, as one of another or of a muxer."""
    name = clue["name"].partition(":")[0]
    if name in OUTPUT_ONLY:
        return misplaced(clue.scene, name, for_input=False)
    scene = clue.scene
    given = list(scene.options(name))
    mended = None
    if name == "loop" and given:
        mended = _looped(scene, given[0])
    elif name in OF_PICTURES and len(given) == 1:
        mended = scene.draft().drop(given[0].at, 2).words
    looped = "; to play a film again and again, write -stream_loop -1" if name == "loop" else ""
    return Finding(
        code=FailureCode.OPTION_MISPLACED,
        summary=f"-{name} is no option of an input of this kind",
        hint=f"leave -{name} out; it is for inputs of another format, as pictures{looped}",
        mended=mended,
    )


def _looped(scene: Scene, option: Option) -> tuple[Word, ...] | None:
    """`-loop 1` of a picture is `-stream_loop -1` of a film, which has to end by something."""
    ends = any(scene.options("t", "to", "shortest", "frames", "vframes"))
    return scene.draft().replace(option.at, "-stream_loop").replace(option.at + 1, "-1").words if ends else None


def _specifier(clue: Clue) -> Finding | None:
    """`Trailing garbage at the end of a stream specifier`: `-c:video`."""
    given = clue["rest"]
    words = [at for at, word in enumerate(clue.scene.argv) if word.startswith("-") and word.endswith(f":{given}")]
    if not words:
        return None
    word = clue.scene.argv[words[0]]
    meant = SPECIFIERS.get(given) or (
        given[0] if len(given) == 2 and given[0] == given[1] and given[0] in "vas" else None
    )
    mended = clue.scene.draft()
    for at in words:
        mended.replace(at, clue.scene.argv[at].removesuffix(given) + (meant or ""))
    return Finding(
        code=FailureCode.BAD_OPTION_VALUE,
        summary=f"{shown(given)} in {shown(word)} names no kind of stream",
        hint=f"write {word.removesuffix(given)}{meant or 'v'}: v is video, a audio, s subtitles",
        mended=mended.words if meant else None,
    )


def _decoder_of_encoder(clue: Clue) -> Finding | None:
    options = [option for file in clue.scene.line.inputs for option in file.options if option.value == clue["name"]]
    if options and is_encoder(clue.scene, options[0]):
        return misplaced(clue.scene, clue.scene.argv[options[0].at][1:], for_input=False)
    return None


RULES = (
    Rule(r"(?:Unrecognized|Unknown) option '(?P<name>.*?)'\.?$", _unrecognized),
    Rule(
        r"Missing argument for option '(?P<name>.*)'",
        Says(
            FailureCode.BAD_OPTION_VALUE,
            "-{name} is the last word of the command, and its value is missing",
            "write the value after it, or leave -{name} out; the output's name comes last",
        ),
    ),
    Rule(
        r"Option (?P<name>[\w:-]+) .*cannot be applied to (?P<side>input|output) url",
        _misplaced,
    ),
    Rule(r"Codec AVOption (?P<name>[\w:-]+) .*is not an? (?P<way>decoding|encoding) option", _of_the_other_side),
    Rule(r"Option (?P<name>[\w:-]+) not found\.", _not_found),
    Rule(r"Unknown decoder '(?P<name>.*)'", _decoder_of_encoder),
    Rule(r"Trailing garbage at the end of a stream specifier: (?P<rest>.*)", _specifier),
)
