"""Encoders, decoders, formats, pixel formats and bitstream filters that FFmpeg does not know, or not for this."""

from collections.abc import Callable
from dataclasses import replace

from ffmill.diagnosis.containers import set_codec
from ffmill.diagnosis.nearest import Nearest
from ffmill.diagnosis.rule import Clue, Finding, Rule, Says, told
from ffmill.diagnosis.rules import gpu
from ffmill.errors import FailureCode
from ffmill.jobs.names import shown

KINDS = {"v": "video", "a": "sound", "s": "subtitles"}


def _unknown(code: FailureCode, what: str, hint: str) -> Callable[[Clue], Finding]:
    """A name that the lists know not either, or else as FFmpeg says it."""

    def explain(clue: Clue) -> Finding:
        if problem := clue.scene.problem(clue["name"], code):
            return told(problem, clue.scene)
        return Finding(code=code, summary=f"this FFmpeg has no {what} {shown(clue['name'])}", hint=hint)

    return explain


def _unknown_encoder(clue: Clue) -> Finding:
    """`h264_videotoolbox` is no encoder of any Linux, and its counterpart is known."""
    name = clue["name"]
    encoder = gpu.counterpart(name)
    if encoder is None or clue.scene.build is None or not clue.scene.build.knows_encoder(encoder):
        return _encoder(clue)
    draft = clue.scene.draft()
    for option in clue.scene.line.options:
        if option.value == name:
            draft.replace(option.at + 1, encoder)
    return Finding(
        code=FailureCode.NO_SUCH_ENCODER,
        summary=f"this FFmpeg has no encoder {shown(name)}, which another kind of machine has",
        hint=Nearest(names=(encoder,), sure=encoder).hint(),
        mended=draft.words,
    )


def _unknown_decoder(clue: Clue) -> Finding:
    """Without a choice, FFmpeg takes the decoder that is right for the input."""
    found, draft = _decoder(clue), clue.scene.draft()
    for option in (option for file in clue.scene.line.inputs for option in file.options):
        if option.value == clue["name"]:
            draft.drop(option.at, 2)
    return replace(found, hint=f"leave it out: FFmpeg finds the decoder by itself; {found.hint}", mended=draft.words)


def _wrong_kind(clue: Clue) -> Finding | None:
    """`Invalid encoder type`: -c:v of an encoder for sound, or -c of one encoder for all streams."""
    name, scene = clue["name"], clue.scene
    kind = next((c[0] for c in clue.line.contexts if c[1:].startswith("ost#")), "")
    given = [option for option in scene.line.options if option.value == name]
    if not given or scene.build is None or kind not in KINDS:
        return None
    coder = scene.build.lists.encoders.get(name)
    is_for = KINDS.get(coder.kind.lower() if coder else "", "something else")
    word = scene.argv[given[0].at]
    letter = coder.kind.lower() if coder else "v"
    mended = (
        scene.draft().replace(given[0].at, f"-c:{letter}")
        if coder and (word == "-c" or _is_free(clue, letter))
        else None
    )
    return Finding(
        code=FailureCode.ENCODER_REFUSED,
        summary=f"{name} is an encoder for {is_for}, and {word} gives it {KINDS[kind]}",
        hint=f"write -c:{letter} {name}; {KINDS[kind]} is chosen by -c:{kind}",
        mended=mended.words if mended else None,
    )


def _is_free(clue: Clue, letter: str) -> bool:
    """Whether no other option chooses the codec of this kind of stream already."""
    long = {"v": "vcodec", "a": "acodec", "s": "scodec"}
    words = (f"-c:{letter}", f"-codec:{letter}", f"-{long.get(letter, '')}")
    return not any(word in clue.scene.argv for word in words)


def _experimental(clue: Clue) -> Finding:
    """Alternatively there is one that is not experimental, which FFmpeg itself names in the next line."""
    scene, name = clue.scene, clue["name"]
    better = next(
        (line.text.split("'")[1] for line in scene.lines if line.text.startswith("Alternatively use the non experi")),
        None,
    )
    given = [option for option in scene.line.options if option.value == name]
    draft = scene.draft()
    if better and given:
        for option in given:
            draft.replace(option.at + 1, better)
    elif len(scene.line.outputs) == 1:
        draft.insert(scene.line.outputs[0].at, "-strict", "experimental")
    return Finding(
        code=FailureCode.ENCODER_REFUSED,
        summary=f"the encoder {name} is experimental, and does not run unless it is asked to",
        hint=f"write {better}, which is not" if better else "write -strict experimental before the output's name",
        mended=draft.words if (better and given) or len(scene.line.outputs) == 1 else None,
    )


def _no_default(clue: Clue) -> Finding:
    """A stream is mapped that the format has no codec for."""
    number = clue.line.number("[vasd]ost")
    output = clue.scene.output(number)
    kind = next((c[0] for c in clue.line.contexts if c[1:].startswith("ost#")), "")
    mended = clue.scene.draft().insert(output.at, f"-{kind}n").words if output and kind in KINDS else None
    return Finding(
        code=FailureCode.CODEC_NOT_IN_CONTAINER,
        summary=f"the format {clue['format']} takes no {KINDS.get(kind, 'such stream')}, and some is mapped to it",
        hint=f"leave the {KINDS[kind]} out with -{kind}n, or map other streams"
        if kind in KINDS
        else "map other streams",
        mended=mended,
    )


def _text_to_pictures(clue: Clue) -> Finding:
    output = clue.scene.output(clue.line.number("sost"))
    return Finding(
        code=FailureCode.ENCODER_REFUSED,
        summary="subtitles of text and subtitles of pictures cannot be turned into one another",
        hint="choose an encoder of the same kind (text: mov_text, srt, ass, webvtt; pictures: dvdsub, dvbsub), "
        "or burn them into the picture with -vf subtitles=FILE",
        mended=set_codec(clue.scene, output, "S", "mov_text")
        if output and output.path.endswith((".mp4", ".mov"))
        else None,
    )


_encoder = _unknown(
    FailureCode.NO_SUCH_ENCODER, "encoder", "leave -c out: FFmpeg chooses an encoder by the output's name"
)
_decoder = _unknown(FailureCode.NO_SUCH_DECODER, "decoder", "a decoder stands before the -i of its input")
RULES = (
    Rule(r"Unknown encoder '(?P<name>.*)'", _unknown_encoder),
    Rule(r"Unknown decoder '(?P<name>.*)'", _unknown_decoder),
    Rule(r"Invalid (?:en|de)coder type '(?P<name>.*)'", _wrong_kind),
    Rule(r"The encoder '(?P<name>[\w-]+)' is experimental", _experimental),
    Rule(r"Automatic encoder selection failed.* format (?P<format>\w+) \(codec (?P<codec>\w+)\)", _no_default),
    Rule(r"Subtitle encoding currently only possible from text to text", _text_to_pictures),
    Rule(
        r"(?:Decoding requested, but no decoder found for:|Decoder \(codec) (?P<name>[\w-]+)",
        Says(
            FailureCode.NO_SUCH_DECODER,
            "this FFmpeg cannot decode a stream of the input (its codec is {name})",
            "copy the stream with -c copy, or leave it out with -map; if -f is written before -i, leave that out",
        ),
    ),
    Rule(
        r"Unknown input format: '(?P<name>.*)'",
        _unknown(
            FailureCode.NO_SUCH_FORMAT, "format to read", "leave -f before -i out: FFmpeg finds the format by itself"
        ),
    ),
    Rule(
        r"(?:Requested output format|Unknown output format) '(?P<name>.*?)'",
        _unknown(FailureCode.NO_SUCH_FORMAT, "format to write", "leave -f out: the output's name says the format"),
    ),
    Rule(
        r"Unknown pixel format requested: (?P<name>.*?)\.?$",
        _unknown(FailureCode.NO_SUCH_PIXEL_FORMAT, "pixel format", "write -pix_fmt yuv420p, which plays everywhere"),
    ),
    Rule(
        r"Error parsing bitstream filter sequence '(?P<name>[^'=]*).*Bitstream filter not found",
        _unknown(
            FailureCode.NO_SUCH_BITSTREAM_FILTER,
            "bitstream filter",
            "leave -bsf out: FFmpeg puts in what a format needs",
        ),
    ),
    Rule(
        r"Unknown bitstream filter (?P<name>\w+)",
        _unknown(
            FailureCode.NO_SUCH_BITSTREAM_FILTER,
            "bitstream filter",
            "leave -bsf out: FFmpeg puts in what a format needs",
        ),
    ),
    Rule(
        r"Codec '(?P<codec>\w+)' \(\d+\) is not supported by the bitstream filter '(?P<name>\w+)'\. "
        r"Supported codecs are: (?P<takes>.*)",
        Says(
            FailureCode.BAD_OPTION_VALUE,
            "the bitstream filter {name} does not take {codec}, which the stream is, only: {takes}",
            "leave -bsf out (FFmpeg puts in what a format needs), or write the one that is for {codec}",
        ),
    ),
    Rule(
        r"Option '(?P<name>\w+)' not found",
        Says(
            FailureCode.BAD_OPTION_VALUE,
            "{speaker} has no option {name}",
            "leave {name} out, or see which options {speaker} has",
        ),
    ),
)
