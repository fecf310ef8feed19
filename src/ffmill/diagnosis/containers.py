"""Which codecs go into which formats, and how a command is told to use one that does."""

from collections.abc import Collection
from dataclasses import dataclass

from ffmill.diagnosis.case import Scene
from ffmill.jobs.mending import Word
from ffmill.jobs.options import File, set_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """A format of outputs."""

    usual: dict[str, str]  # the encoder to choose, by kind of stream: V, A, S; a kind that is not there is not taken
    takes: frozenset[str] = frozenset()  # codecs that it takes besides


MP4 = Container(
    usual={"V": "libx264", "A": "aac", "S": "mov_text"},
    takes=set_of("h264 hevc av1 mpeg4 vp9 mjpeg png aac mp3 ac3 eac3 alac opus flac mov_text"),
)
OGG = Container(usual={"V": "libtheora", "A": "libopus"}, takes=set_of("theora vorbis opus flac speex vp8"))
CONTAINERS = {  # by the name of the muxer
    "mp4": MP4,
    "mov": Container(usual=MP4.usual, takes=(MP4.takes - {"opus", "flac"}) | set_of("prores dnxhd pcm_s16le")),
    "ipod": Container(usual={"V": "libx264", "A": "aac"}, takes=set_of("h264 mpeg4 mjpeg png aac alac ac3 eac3")),
    "webm": Container(
        usual={"V": "libvpx-vp9", "A": "libopus", "S": "webvtt"}, takes=set_of("vp8 vp9 av1 vorbis opus webvtt")
    ),
    "ogg": OGG,
    "oga": Container(usual={"A": "libopus"}, takes=OGG.takes),
    "ogv": OGG,
    "opus": Container(usual={"A": "libopus"}, takes=set_of("opus")),
    "mp3": Container(usual={"A": "libmp3lame"}, takes=set_of("mp3")),
    "adts": Container(usual={"A": "aac"}, takes=set_of("aac")),
    "flac": Container(usual={"A": "flac"}, takes=set_of("flac")),
    "ac3": Container(usual={"A": "ac3"}, takes=set_of("ac3")),
    "wav": Container(usual={"A": "pcm_s16le"}, takes=set_of("pcm_s16le pcm_s24le pcm_f32le pcm_u8 adpcm_ms aac")),
    "gif": Container(usual={"V": "gif"}, takes=set_of("gif")),
    "webp": Container(usual={"V": "libwebp"}, takes=set_of("webp")),
    "flv": Container(usual={"V": "libx264", "A": "aac"}, takes=set_of("h264 flv1 aac mp3")),
    "avi": Container(usual={"V": "mpeg4", "A": "libmp3lame"}, takes=set_of("mpeg4 h264 mjpeg mp3 ac3 pcm_s16le")),
    "mpegts": Container(usual={"V": "libx264", "A": "aac"}, takes=set_of("h264 hevc mpeg2video aac mp3 ac3 eac3 mp2")),
    "hls": Container(
        usual={"V": "libx264", "A": "aac", "S": "webvtt"}, takes=set_of("h264 hevc aac mp3 ac3 eac3 webvtt")
    ),
    "matroska": Container(usual={"V": "libx264", "A": "aac", "S": "srt"}, takes=set_of("h264 aac subrip ass")),
}
CHOOSING = {"V": "vcodec", "A": "acodec", "S": "scodec"}
LEFT_OUT = {"V": "vn", "A": "an", "S": "sn"}


def kind_of_codec(scene: Scene, codec: str) -> str | None:
    """V, A or S, where this FFmpeg knows the codec."""
    if scene.build is None:
        return None
    lists = scene.build.lists
    coders = (*lists.encoders.values(), *lists.decoders.values())
    return next((coder.kind for coder in coders if coder.codec == codec), None)


def chosen(scene: Scene, output: File, kind: str) -> tuple[int, str] | None:
    """The index and value of the word that chooses this kind's codec alone, the last such."""
    words = (f"-c:{kind.lower()}", f"-codec:{kind.lower()}", f"-{CHOOSING[kind]}")
    found = [option for option in output.options if scene.argv[option.at] in words]
    return (found[-1].at + 1, found[-1].value) if found else None


def set_codec(scene: Scene, output: File, kind: str, encoder: str) -> tuple[Word, ...]:
    """The command with this encoder for one kind of stream of an output."""
    draft = scene.draft()
    if found := chosen(scene, output, kind):
        return draft.replace(found[0], encoder).words
    return draft.insert(output.at, f"-c:{kind.lower()}", encoder).words


def left_out(scene: Scene, output: File, kind: str) -> tuple[Word, ...]:
    """The command without one kind of stream in an output, and without the codec chosen for it."""
    draft = scene.draft()
    if found := chosen(scene, output, kind):
        return draft.replace(found[0] - 1, f"-{LEFT_OUT[kind]}").drop(found[0]).words
    return draft.insert(output.at, f"-{LEFT_OUT[kind]}").words


def fitted(
    scene: Scene, output: File, container: Container, copied: Collection[str], *, named: str | None = None
) -> tuple[Word, ...]:
    """The command with an encoder that the format takes for each kind of stream whose chosen one surely does not fit.

    `copied`: kinds whose codec does not fit, or may not, where all streams are copied. `named`: the kind that FFmpeg
    complains of, where it says so; what is copied of another kind may well fit.
    """
    draft = scene.draft()
    for kind, encoder in container.usual.items():
        if any(scene.options(LEFT_OUT[kind], at=output)):
            continue
        if found := chosen(scene, output, kind):
            if not takes(scene, container, found[1]) and (found[1] != "copy" or named in (None, kind)):
                draft.replace(found[0], encoder)
        elif kind in copied and output.last("c", "codec") is not None:
            draft.insert(output.at, f"-c:{kind.lower()}", encoder)
    return draft.words


def takes(scene: Scene, container: Container, encoder: str) -> bool:
    """Whether the format takes what this encoder writes; what is copied may be anything."""
    coder = scene.build.lists.encoders.get(encoder) if scene.build else None
    return (coder.codec if coder else encoder) in container.takes
