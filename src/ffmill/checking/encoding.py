"""Advice on how pictures and sound are encoded."""

from collections.abc import Iterator

from ffmill.checking.finding import Advice, Remark
from ffmill.checking.written import CODEC, KINDS, Command, Written, name, outputs, suffix
from ffmill.jobs import graphs
from ffmill.jobs.options import set_of

_SAME_CODECS = frozenset({"mp4", "m4v", "mov", "mkv"})  # of which each mostly holds what the others do
_NO_REASON_TO_ENCODE = set_of(  # options of an output that leave its streams as they are
    """
    ss t to f y map map_metadata map_chapters metadata movflags disposition ignore_unknown copyts avoid_negative_ts
    fflags sn dn an vn hide_banner threads loglevel v
    """
)
_WEB = frozenset({"mp4", "m4v", "m4a"})
_FRAGMENTED = ("faststart", "frag", "empty_moov", "cmaf", "dash", "separate_moof")
_CRF_ALONE = frozenset({"libx264", "libx265", "h264", "hevc"})  # the rate factor goes before the bit rate there
_YUV_ALONE = frozenset({"libx264", "h264"})  # of which few players show another format than yuv420p
_RGB = frozenset({"png", "apng", "bmp", "gif", "tif", "tiff", "tga", "ppm"})  # pictures that are never yuv420p
_PICTURES_OR_SOUND = _RGB | set_of("jpg jpeg mp3 m4a aac wav flac ogg opus")
_KEEP_PIXELS = set_of(
    "scale fps pad crop setsar setdar loop trim setpts null transpose hflip vflip fade setpts zoompan"
)


def copy_suffices(command: Command) -> Iterator[Remark]:
    """All is encoded again only to be cut, or to be put into another container of the same family."""
    read = {suffix(file.path) for file in command.line.inputs}
    cut = {option.name for option in command.line.options} & {"ss", "t", "to"}
    for output in outputs(command):
        options = {option.name for option in output.file.options}
        moved = read != {output.suffix}
        if (
            {*read, output.suffix} <= _SAME_CODECS
            and options <= _NO_REASON_TO_ENCODE
            and (cut or moved)
            and not command.complex_filters
        ):
            yield Remark(
                code=Advice.COPY_SUFFICES,
                message=f"{output.name}: every stream is encoded again, which takes time and quality",
                hint="write -c copy before the output where the codecs may stay as they are"
                + ("; a cut then begins at a key frame" if cut else ""),
            )


def no_faststart(command: Command) -> Iterator[Remark]:
    """A file for the web, whose index comes last: a player must fetch its end before it can begin."""
    for output in outputs(command):
        final = output.name in command.kept and output.name not in command.read
        encoded = "copy" not in (output.encoder, output.value("a", *CODEC, *KINDS["a"]))
        flags = output.file.last("movflags") or ""
        if final and encoded and output.suffix in _WEB and not any(word in flags for word in _FRAGMENTED):
            yield Remark(
                code=Advice.NO_FASTSTART,
                message=f"{output.name}: its index is written at its end, so players on the web begin late",
                hint="write -movflags +faststart before the output",
                words=() if flags else command.draft().insert(output.file.at, "-movflags", "+faststart").words,
            )


def crf_and_bitrate(command: Command) -> Iterator[Remark]:
    """A bit rate that has no effect."""
    for output in outputs(command):
        has_both = output.value("v", "crf") is not None and output.value("v", "b", "vb") is not None
        if has_both and output.encoder in _CRF_ALONE:
            yield Remark(
                code=Advice.CRF_AND_BITRATE,
                message=f"{output.name}: {output.encoder} goes by -crf, and -b:v has no effect beside it",
                hint="leave one of them out; to keep the rate below a limit, write -maxrate and -bufsize with -crf",
            )


def rare_pixels(command: Command) -> Iterator[Remark]:
    """A video of RGB pictures, which most players cannot show."""
    read = {suffix(file.path) for file in command.line.inputs}
    if not read & _RGB or not read <= _PICTURES_OR_SOUND:
        return
    for output in outputs(command):
        kept = output.filters <= _KEEP_PIXELS
        if kept and output.encoder in _YUV_ALONE and output.file.last("pix_fmt") is None:
            yield Remark(
                code=Advice.RARE_PIXELS,
                message=f"{output.name}: of such pictures it makes 4:4:4 video, which many players do not show",
                hint="write -pix_fmt yuv420p before the output; width and height must be even then",
            )


def no_palette(command: Command) -> Iterator[Remark]:
    """A GIF in the 256 colours that ffmpeg uses for all, where each could have its own."""
    for output in outputs(command):
        named = output.value("v", *CODEC, *KINDS["v"]) not in (None, "gif") or output.file.last("pix_fmt") is not None
        if output.suffix == "gif" and not named and not output.filters & {"paletteuse", "elbg"}:
            yield Remark(
                code=Advice.NO_PALETTE,
                message=f"{output.name}: it gets the same 256 colours as every other GIF, with dots in place of tones",
                hint='write -filter_complex "split[a][b];[a]palettegen[p];[b][p]paletteuse", after your other filters',
            )


def decoded_again(commands: list[Command]) -> Iterator[tuple[int, Remark]]:
    """Several commands that each decode the same file from its beginning: the later ones, by index."""
    seen: dict[str, int] = {}
    for command in commands:
        for path in {file.path for file in command.line.inputs} if _decodes_all(command) else ():
            first = seen.setdefault(path, command.index)
            if first != command.index:
                remark = Remark(
                    code=Advice.DECODED_AGAIN,
                    message=f"{name(path)} is decoded from its beginning again, as by ffmpeg_commands[{first}]",
                    hint="one command may have several outputs, each with its own options: then it is decoded once",
                )
                yield command.index, remark


def _decodes_all(command: Command) -> bool:
    """Whether it reads one file of the job's inputs alone, all of it, and encodes what it shows."""
    line = command.line
    if len(line.inputs) != 1 or not line.inputs[0].path.startswith("inputs/") or line.inputs[0].options:
        return False
    options = {option.name for option in line.options}
    two_steps = {"pass", "frames", "vframes", "ss", "t", "to"} & options
    graph_names = {one for graph in line.graphs for one, _ in graphs.filters(graph)}
    measures = graph_names & {"palettegen", "vidstabdetect", "loudnorm", "cropdetect", "volumedetect", "blackdetect"}
    return not two_steps and not measures and all(_is_video(output) for output in outputs(command))


def _is_video(output: Written) -> bool:
    return output.encoder not in (None, "copy") and output.suffix != "null"
