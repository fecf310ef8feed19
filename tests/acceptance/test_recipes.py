"""Every recipe of the documentation, sent as it stands, and what comes out probed against what the recipe promises."""

import os
import re
import shlex
import struct
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path

import pytest

from ffmill import programs
from ffmill.config import Settings
from tests.acceptance.client import Client, Json, probe, seconds, stream
from tests.acceptance.conftest import FFMILL, Service
from tests.recipes import PLACEHOLDER, RECIPES, Recipe

FFMPEG = str(programs.ffmpeg(Settings()))
PICTURE = "testsrc2=s=640x360:r=25"
LOUDNESS = re.compile(r"Integrated loudness:\s+I:\s+(-?[\d.]+) LUFS")
BY_COMMAND = ["Thumbnail", "Watermark", "Subtitles that can be switched off"]  # of those that show a command line
ACCURATE = 0.1  # seconds: a frame or two, and what an encoder of sound adds

# The inputs that the recipes name, each a line of ffmpeg; "clip" is the shipped footage.
SOUND = "-ac 2 -ar 48000 -c:a aac"
H264 = "-c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p"
INPUTS = {
    "in.mp4": f"-t 2 -i CLIP -vf scale=640:360 {H264} {SOUND} -metadata title=Rabbit",
    "talk.mp4": f"-f lavfi -i color=s=64x64:d=8 -stream_loop 1 -t 8 -i CLIP -map 0:v -map 1:a {H264} {SOUND}",
    "in.mov": f"-f lavfi -i testsrc2=s=639x359:r=25:d=1 -f lavfi -i sine=d=1 {H264} -pix_fmt yuv444p -c:a pcm_s16le",
    "in.mp3": "-t 2 -i CLIP -vn -c:a libmp3lame -ac 2",
    "music.mp3": "-f lavfi -i sine=frequency=300:d=3 -c:a libmp3lame",
    "part1.mp4": f"-f lavfi -i {PICTURE}:d=1 -f lavfi -i sine=d=1 {H264} {SOUND}",
    "part2.mp4": f"-f lavfi -i {PICTURE}:d=1 -f lavfi -i sine=f=600:d=1 {H264} {SOUND}",
    "other.mp4": f"-f lavfi -i testsrc2=s=320x320:r=30:d=1 -f lavfi -i sine=d=1 {H264} -ac 1 -ar 44100 -c:a aac",
    "cuts.mp4": f"-f lavfi -i color=red:s=64x64:d=1 -f lavfi -i color=white:s=64x64:d=1 -filter_complex concat {H264}",
    "logo.png": "-f lavfi -i color=red:s=64x64 -frames:v 1",
    "cover.jpg": "-ss 1 -i CLIP -frames:v 1",
    "photo1.jpg": "-f lavfi -i color=red:s=400x300 -frames:v 1",
    "photo2.jpg": "-f lavfi -i color=green:s=300x400 -frames:v 1",
    "photo3.jpg": "-f lavfi -i color=blue:s=1600x900 -frames:v 1",
}


@dataclass(frozen=True, kw_only=True)
class Media:
    """What ffprobe is to find in a file; what is left at its default is not looked at."""

    codecs: tuple[str, ...]  # of all streams, in order
    size: tuple[int, int] | None = None
    frames: int | None = None
    seconds: float | None = None
    pixels: str | None = None
    tag: str | None = None  # of the video stream
    sound: tuple[int, int] | None = None  # sample rate, channels
    fast: bool = False  # the index of an MP4 lies before its data


@dataclass(frozen=True, kw_only=True)
class Made:
    """What became of a recipe: its job, and its outputs as files."""

    recipe: Recipe
    job: Json
    log: str
    inputs: Mapping[str, Path]
    files: Mapping[str, Path]

    def match(self, pattern: str) -> list[Path]:
        """The outputs whose names match a glob, in order."""
        return [path for name, path in sorted(self.files.items()) if fnmatchcase(name, pattern)]


def nothing_more(made: Made) -> None:
    """The check of recipes of which the probes say all."""
    del made


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What a recipe promises: every output is a file that is probed, or one of the counted many."""

    files: Mapping[str, Media | None] = field(default_factory=dict[str, Media | None])
    counts: Mapping[str, int] = field(default_factory=dict[str, int])  # by glob
    also: Callable[[Made], None] = nothing_more


@pytest.fixture(scope="module")
def client(service: Service) -> Client:
    """An account that may send many requests."""
    return Client(url=service.url, api_key=service.api_key)


@pytest.fixture(scope="module")
def inputs(media: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files that recipes take, small, by the names that the page gives them."""
    directory = tmp_path_factory.mktemp("inputs")
    clip = str(media / "bigbuckbunny.mp4")
    for name, words in INPUTS.items():
        command = [FFMPEG, "-v", "error", *(clip if word == "CLIP" else word for word in words.split()), name]
        subprocess.run(command, check=True, cwd=directory)
    return {name: directory / name for name in INPUTS}


@pytest.fixture(scope="module")
def urls(client: Client, inputs: dict[str, Path]) -> dict[str, str]:
    """Where the service finds them."""
    return {name: client.upload(path.read_bytes()) for name, path in inputs.items()}


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.anchor)
def test_a_recipe_makes_what_it_promises(
    recipe: Recipe, client: Client, inputs: dict[str, Path], urls: dict[str, str], tmp_path: Path
) -> None:
    promise = PROMISES[recipe.title]
    made = run(recipe, client, inputs, urls, tmp_path)
    for name, media in promise.files.items():
        if media is not None:
            compare(made.files[name], media)
    for pattern, count in promise.counts.items():
        assert len(made.match(pattern)) == count, f"{pattern}: {sorted(made.files)}"
    counted = {path.name for pattern in promise.counts for path in made.match(pattern)}
    assert set(made.files) == counted | set(promise.files)
    assert made.job["warnings"] == []
    promise.also(made)


@pytest.mark.parametrize("title", BY_COMMAND)
def test_the_command_line_beside_a_recipe_makes_the_same(
    title: str, service: Service, inputs: dict[str, Path], tmp_path: Path
) -> None:
    (recipe,) = [found for found in RECIPES if found.title == title]
    for name in recipe.inputs:
        (tmp_path / name).write_bytes(
            recipe.texts[name].encode() if name in recipe.texts else inputs[name].read_bytes()
        )
    (line,) = recipe.of("console")
    _, *words = shlex.split(line.removeprefix("$ "))
    environment = {**os.environ, "FFMILL_URL": service.url, "FFMILL_API_KEY": service.api_key}
    ran = subprocess.run([FFMILL, *words], check=False, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    for name, media in PROMISES[title].files.items():
        assert media is not None
        compare(tmp_path / name, media)


def test_the_service_has_no_advice_on_any_recipe(client: Client) -> None:
    for recipe in RECIPES:
        checked = client.call("POST", "/api/ffmpeg/validate", recipe.body).data
        assert (checked["problems"], checked["warnings"]) == ([], []), recipe.title


def test_every_recipe_has_a_promise_and_every_promise_a_recipe() -> None:
    assert [recipe.title for recipe in RECIPES] == list(PROMISES)


def run(recipe: Recipe, client: Client, inputs: dict[str, Path], urls: dict[str, str], directory: Path) -> Made:
    """Sends the body of a recipe, with the addresses of real files in it, and fetches what comes out."""
    texts = {name: client.upload(text.encode()) for name, text in recipe.texts.items()}
    body = {**recipe.body, "input_files": {name: {**urls, **texts}[at(url)] for name, url in recipe.inputs.items()}}
    answer = client.call("POST", "/api/ffmpeg?wait=true", body)
    assert answer.status == 200, answer.body
    job = answer.data
    assert job["status"] == "succeeded", job["error_message"] + "\n" + client.log(job)
    files = {name: client.download(job, name, directory) for name in job["output_files"]}
    return Made(recipe=recipe, job=job, log=client.log(job), inputs=inputs, files=files)


def at(url: str) -> str:
    """The file's name in an address of the page."""
    assert url.startswith(PLACEHOLDER), url
    return url.removeprefix(PLACEHOLDER)


def compare(path: Path, media: Media) -> None:
    """Fails where ffprobe finds something else than was promised."""
    facts = probe(path)
    assert tuple(found["codec_name"] for found in facts["streams"]) == media.codecs
    if media.seconds is not None:
        assert seconds(facts) == pytest.approx(media.seconds, abs=ACCURATE)
    if media.sound is not None:
        audio = stream(facts, "audio")
        assert (int(audio["sample_rate"]), audio["channels"]) == media.sound
    if media.fast:
        assert atoms(path).index("moov") < atoms(path).index("mdat")
    for name, shown in picture(media).items():
        assert shown(stream(facts, "video")) == getattr(media, name), name


def picture(media: Media) -> dict[str, Callable[[Json], object]]:
    """How to read those facts of a video stream that were promised."""
    readers: dict[str, Callable[[Json], object]] = {
        "size": lambda video: (video["width"], video["height"]),
        "frames": lambda video: int(video["nb_read_frames"]),
        "pixels": lambda video: video["pix_fmt"],
        "tag": lambda video: video["codec_tag_string"],
    }
    return {name: read for name, read in readers.items() if getattr(media, name) is not None}


def atoms(path: Path) -> list[str]:
    """The names of an MP4's outermost atoms, in order."""
    content, place, names = path.read_bytes(), 0, list[str]()
    while place < len(content):
        size, name = struct.unpack_from(">I4s", content, place)
        names.append(name.decode())
        place += size
    return names


def pixel(path: Path, x: int, y: int, at_second: float = 0) -> tuple[int, int, int]:
    """The colour of a pixel, of the frame at that time."""
    words = ["-ss", str(at_second), "-i", str(path), "-vf", f"format=rgb24,crop=1:1:{x}:{y}", "-frames:v", "1"]
    red, green, blue = raw(words)[:3]
    return red, green, blue


def raw(words: list[str]) -> bytes:
    """The decoded frames of a command."""
    return subprocess.run(
        [FFMPEG, "-v", "error", *words, "-f", "rawvideo", "-"], check=True, capture_output=True
    ).stdout


def differs(one: Path, other: Path, at_second: float, crop: str) -> float:
    """The mean difference of two videos' frames at a time, in a part of the picture, of 255."""
    words = [
        ["-ss", str(at_second), "-i", str(path), "-vf", f"crop={crop},format=gray", "-frames:v", "1"]
        for path in (one, other)
    ]
    left, right = map(raw, words)
    return sum(abs(a - b) for a, b in zip(left, right, strict=True)) / len(left)


def told(path: Path, graph: str) -> str:
    """What a filter of sound says at its end."""
    command = [FFMPEG, "-hide_banner", "-nostats", "-i", str(path), "-af", graph, "-vn", "-f", "null", "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stderr


def loudness(path: Path) -> float:
    """The integrated loudness by EBU R128, in LUFS."""
    found = LOUDNESS.findall(told(path, "ebur128"))
    return float(found[-1])


def volume(path: Path, chain: str = "anull") -> float:
    """The mean volume of what a chain of filters lets through, in dB."""
    return float(told(path, f"{chain},volumedetect").split("mean_volume:")[1].split()[0])


def a_real_picture(name: str) -> Callable[[Made], None]:
    """The check that a picture is not of one colour."""

    def check(made: Made) -> None:
        pixels = raw(["-i", str(made.files[name]), "-vf", "format=gray"])
        assert max(pixels) - min(pixels) > 50

    return check


def animated(made: Made) -> None:
    content = made.files["out.webp"].read_bytes()
    assert (content[:4], content[8:12]) == (b"RIFF", b"WEBP")
    assert content.count(b"ANMF") == 24
    assert content[content.index(b"ANIM") + 12 : content.index(b"ANIM") + 14] == b"\0\0", "loops for ever"


def keyframes(made: Made) -> None:
    assert "key_0001.png" in made.files


def a_ladder(made: Made) -> None:
    master = made.files["master.m3u8"].read_text()
    assert re.findall(r"RESOLUTION=(\w+)", master) == ["1920x1080", "1280x720", "640x360"]
    assert [line for line in master.splitlines() if line.endswith(".m3u8")] == ["1080p.m3u8", "720p.m3u8", "360p.m3u8"]
    for height in (1080, 720, 360):
        facts = probe(made.files[f"{height}p.m3u8"])
        video = stream(facts, "video")
        assert (video["codec_name"], video["height"], int(video["nb_read_frames"])) == ("h264", height, 50)
        assert stream(facts, "audio")["codec_name"] == "aac"


def a_manifest(made: Made) -> None:
    manifest = made.files["manifest.mpd"].read_text()
    assert re.findall(r' height="(\d+)"', manifest) == ["720", "360"]
    for number, codec in enumerate(("h264", "h264", "aac")):
        whole = made.files["manifest.mpd"].with_name(f"{number}.mp4")
        parts = [*made.match(f"init-stream{number}.m4s"), *made.match(f"chunk-stream{number}-*.m4s")]
        whole.write_bytes(b"".join(part.read_bytes() for part in parts))
        assert [found["codec_name"] for found in probe(whole)["streams"]] == [codec]


def near_the_bitrate(made: Made) -> None:
    video = stream(probe(made.files["sized.mp4"]), "video")
    assert int(video["bit_rate"]) == pytest.approx(600_000, rel=0.25)


def both_parts(made: Made) -> None:
    joined = made.files["joined.mp4"]
    assert differs(joined, made.inputs["part1.mp4"], 0.5, "640:360:0:0") < 3
    assert (
        volume(joined, "bandpass=f=600:w=20,atrim=1.2:1.8") > volume(joined, "bandpass=f=600:w=20,atrim=0.2:0.8") + 20
    )


def bars_where_it_is_square(made: Made) -> None:
    joined = made.files["joined.mp4"]
    assert max(pixel(joined, 20, 180, 1.5)) < 20
    assert max(pixel(joined, 320, 180, 0.5)) > 20


def ends_where_it_began(made: Made) -> None:
    frame = raw(["-i", str(made.inputs["in.mp4"]), "-vf", "format=gray", "-frames:v", "1"])
    reverse = raw(["-sseof", "-0.05", "-i", str(made.files["reverse.mp4"]), "-vf", "format=gray"])[-len(frame) :]
    assert sum(abs(a - b) for a, b in zip(frame, reverse, strict=True)) / len(frame) < 4


def dark_at_both_ends(made: Made) -> None:
    faded = made.files["faded.mp4"]
    assert max(pixel(faded, 320, 180, 0)) < 20
    assert max(pixel(faded, 320, 180, 1)) > 60
    assert volume(faded, "atrim=1.95:2") < volume(faded, "atrim=0.9:1.1") - 15


def blurred_above(made: Made) -> None:
    def edges(crop: str) -> float:
        pixels = raw(
            ["-ss", "1", "-i", str(made.files["vertical.mp4"]), "-vf", f"crop={crop},format=gray", "-frames:v", "1"]
        )
        return sum(abs(a - b) for a, b in pairwise(pixels)) / len(pixels)

    assert edges("1080:400:0:760") > 2 * edges("1080:400:0:100")


def a_red_corner(made: Made) -> None:
    red, green, blue = pixel(made.files["marked.mp4"], 640 - 20 - 48, 360 - 20 - 48, 1)
    assert red > 120
    assert red > max(green, blue) + 40
    assert differs(made.files["marked.mp4"], made.inputs["in.mp4"], 1, "300:200:0:0") < 4


def changed_below_alone(name: str) -> Callable[[Made], None]:
    """The check that something was drawn at the bottom, and nothing at the top."""

    def check(made: Made) -> None:
        drawn, source = made.files[name], made.inputs["in.mp4"]
        assert differs(drawn, source, 1, "300:70:170:280") > 8
        assert differs(drawn, source, 1, "640:150:0:0") < 4

    return check


def english(made: Made) -> None:
    subtitles = stream(probe(made.files["with-subs.mp4"]), "subtitle")
    assert subtitles["tags"]["language"] == "eng"


def three_colours(made: Made) -> None:
    for at_second, brightest in ((0.5, 0), (2.25, 1), (4, 2)):
        colour = pixel(made.files["slides.mp4"], 320, 180, at_second)
        assert colour.index(max(colour)) == brightest, (at_second, colour)


def blue_on_nothing(made: Made) -> None:
    header = made.files["wave.png"].read_bytes()[16:26]
    assert struct.unpack(">IIBB", header) == (1200, 240, 8, 6), "of 8 bits, with transparency"
    pixels = raw(["-i", str(made.files["wave.png"]), "-vf", "format=rgba"])
    assert min(pixels[3::4]) == 0
    assert max(pixels[3::4]) > 250


def sixteen_bits(made: Made) -> None:
    assert stream(probe(made.files["speech.wav"]), "audio")["bits_per_sample"] == 16


def as_loud_as_asked(made: Made) -> None:
    assert loudness(made.files["even.mp4"]) == pytest.approx(-16, abs=2.5)
    assert abs(loudness(made.inputs["talk.mp4"]) + 16) > 3, "the input needs no change: the recipe shows nothing"


def the_same_packets(output: str) -> Callable[[Made], None]:
    """The check that the picture was copied, not encoded again."""

    def check(made: Made) -> None:
        hashes = [
            subprocess.run(
                [FFMPEG, "-v", "error", "-i", str(path), "-map", "0:v", "-c", "copy", "-f", "md5", "-"],
                check=True,
                capture_output=True,
            ).stdout
            for path in (made.files[output], made.inputs["in.mp4"])
        ]
        assert hashes[0] == hashes[1]

    return check


def the_tone(made: Made) -> None:
    assert (
        volume(made.files["dubbed.mp4"], "bandpass=f=300:w=20")
        > volume(made.files["dubbed.mp4"], "bandpass=f=3000:w=20") + 20
    )
    the_same_packets("dubbed.mp4")(made)


def both_sounds(made: Made) -> None:
    mixed, alone = made.files["mixed.mp4"], made.inputs["in.mp4"]
    assert volume(mixed, "bandpass=f=300:w=20") > volume(alone, "bandpass=f=300:w=20") + 3
    the_same_packets("mixed.mp4")(made)


def no_title(made: Made) -> None:
    assert probe(made.inputs["in.mp4"])["format"]["tags"]["title"] == "Rabbit"
    assert {"title", "encoder"} & set(probe(made.files["clean.mp4"])["format"]["tags"]) == set()
    the_same_packets("clean.mp4")(made)


def tags_and_streams(made: Made) -> None:
    text = made.files["tags.txt"].read_text()
    assert text.startswith(";FFMETADATA1")
    assert "title=Rabbit" in text
    assert "Video: h264" in made.log
    assert "Audio: aac" in made.log


def one_cut(made: Made) -> None:
    assert re.findall(r"pts_time:(\S+)", made.files["cuts.txt"].read_text()) == ["1"]


MP4 = ("h264", "aac")
PROMISES: dict[str, Promise] = {
    "Thumbnail": Promise(
        files={"thumbnail.jpg": Media(codecs=("mjpeg",), size=(640, 360), frames=1)},
        also=a_real_picture("thumbnail.jpg"),
    ),
    "Thumbnail from the best frame": Promise(
        files={"best.jpg": Media(codecs=("mjpeg",), size=(640, 360), frames=1)}, also=a_real_picture("best.jpg")
    ),
    "Contact sheet": Promise(
        files={"sheet.jpg": Media(codecs=("mjpeg",), size=(4 * 320 + 3 * 4 + 8, 3 * 180 + 2 * 4 + 8), frames=1)}
    ),
    "Preview sprites": Promise(
        files={"sprite_001.jpg": Media(codecs=("mjpeg",), size=(1600, 900), frames=1)},
    ),
    "Every keyframe": Promise(counts={"key_*.png": 2}, also=keyframes),
    "Animated GIF": Promise(files={"out.gif": Media(codecs=("gif",), size=(320, 180), frames=24, seconds=2)}),
    "Animated WebP": Promise(files={"out.webp": None}, also=animated),
    "MP4 for every browser": Promise(
        files={
            "out.mp4": Media(codecs=MP4, size=(638, 358), frames=25, seconds=1, pixels="yuv420p", tag="avc1", fast=True)
        }
    ),
    "Small proxy in 720p": Promise(
        files={"proxy.mp4": Media(codecs=MP4, size=(1280, 720), frames=50, seconds=2, pixels="yuv420p", fast=True)}
    ),
    "HLS in three sizes": Promise(
        files=dict.fromkeys(("master.m3u8", "1080p.m3u8", "720p.m3u8", "360p.m3u8")),
        counts={"1080p_*.ts": 1, "720p_*.ts": 1, "360p_*.ts": 1},
        also=a_ladder,
    ),
    "DASH": Promise(
        files={"manifest.mpd": None},
        counts={"init-stream?.m4s": 3, "chunk-stream[01]-*.m4s": 2, "chunk-stream2-*.m4s": 2},
        also=a_manifest,
    ),
    "AV1": Promise(files={"av1.mp4": Media(codecs=("av1", "opus"), size=(640, 360), seconds=2, fast=True)}),
    "HEVC for Apple devices": Promise(
        files={"hevc.mp4": Media(codecs=("hevc", "aac"), size=(640, 360), frames=50, tag="hvc1", fast=True)}
    ),
    "Two passes for a given bitrate": Promise(
        files={"sized.mp4": Media(codecs=MP4, frames=50, seconds=2, fast=True)}, also=near_the_bitrate
    ),
    "Video, thumbnail and sound in one job": Promise(
        files={
            "small.mp4": Media(codecs=MP4, frames=50, seconds=2),
            "poster.jpg": Media(codecs=("mjpeg",), size=(640, 360), frames=1),
            "sound.mp3": Media(codecs=("mp3",), seconds=2),
        }
    ),
    "Trim without encoding": Promise(files={"cut.mp4": Media(codecs=MP4, size=(640, 360), frames=25, seconds=1)}),
    "Trim exactly": Promise(files={"exact.mp4": Media(codecs=MP4, size=(640, 360), frames=20, seconds=0.8)}),
    "Join files of the same kind": Promise(
        files={"joined.mp4": Media(codecs=MP4, size=(640, 360), frames=50, seconds=2)}, also=both_parts
    ),
    "Join files of different kinds": Promise(
        files={"joined.mp4": Media(codecs=MP4, size=(640, 360), frames=50, seconds=2, sound=(48000, 2))},
        also=bars_where_it_is_square,
    ),
    "Twice as fast": Promise(files={"fast.mp4": Media(codecs=MP4, size=(640, 360), frames=25, seconds=1)}),
    "Backwards": Promise(
        files={"reverse.mp4": Media(codecs=MP4, size=(640, 360), frames=50, seconds=2)}, also=ends_where_it_began
    ),
    "Fade in and out": Promise(files={"faded.mp4": Media(codecs=MP4, frames=50, seconds=2)}, also=dark_at_both_ends),
    "Rotate": Promise(files={"turned.mp4": Media(codecs=MP4, size=(360, 640), frames=50, seconds=2)}),
    "Vertical 9:16 with a blurred background": Promise(
        files={"vertical.mp4": Media(codecs=MP4, size=(1080, 1920), frames=50, pixels="yuv420p", fast=True)},
        also=blurred_above,
    ),
    "Watermark": Promise(files={"marked.mp4": Media(codecs=MP4, size=(640, 360), frames=50)}, also=a_red_corner),
    "Text": Promise(
        files={"titled.mp4": Media(codecs=MP4, size=(640, 360), frames=50)}, also=changed_below_alone("titled.mp4")
    ),
    "Burn in subtitles": Promise(
        files={"subtitled.mp4": Media(codecs=MP4, frames=50)}, also=changed_below_alone("subtitled.mp4")
    ),
    "Subtitles that can be switched off": Promise(
        files={"with-subs.mp4": Media(codecs=("h264", "aac", "mov_text"), frames=50, seconds=2)}, also=english
    ),
    "Slideshow with crossfades": Promise(
        files={
            "slides.mp4": Media(codecs=("h264",), size=(640, 360), frames=125, seconds=5, pixels="yuv420p", fast=True)
        },
        also=three_colours,
    ),
    "A still picture with sound": Promise(
        files={"episode.mp4": Media(codecs=MP4, size=(1280, 720), pixels="yuv420p", fast=True)}
    ),
    "Waveform": Promise(files={"wave.png": None}, also=blue_on_nothing),
    "MP3": Promise(files={"sound.mp3": Media(codecs=("mp3",), seconds=2, sound=(48000, 2))}),
    "The sound as it is": Promise(files={"sound.m4a": Media(codecs=("aac",), seconds=2, sound=(48000, 2), fast=True)}),
    "WAV for speech recognition": Promise(
        files={"speech.wav": Media(codecs=("pcm_s16le",), seconds=2, sound=(16000, 1))}, also=sixteen_bits
    ),
    "Even loudness": Promise(
        files={"even.mp4": Media(codecs=MP4, frames=200, seconds=8, sound=(48000, 2))}, also=as_loud_as_asked
    ),
    "Split the channels": Promise(
        files={
            "left.wav": Media(codecs=("pcm_s16le",), seconds=2, sound=(48000, 1)),
            "right.wav": Media(codecs=("pcm_s16le",), seconds=2, sound=(48000, 1)),
        }
    ),
    "Without sound": Promise(
        files={"silent.mp4": Media(codecs=("h264",), frames=50, seconds=2, fast=True)},
        also=the_same_packets("silent.mp4"),
    ),
    "Other sound": Promise(files={"dubbed.mp4": Media(codecs=MP4, frames=50, seconds=2)}, also=the_tone),
    "Music under speech": Promise(
        files={"mixed.mp4": Media(codecs=MP4, frames=50, seconds=2, sound=(48000, 2))}, also=both_sounds
    ),
    "Strip metadata": Promise(files={"clean.mp4": Media(codecs=MP4, frames=50, seconds=2)}, also=no_title),
    "Look at a file": Promise(files={"tags.txt": None}, also=tags_and_streams),
    "Find the cuts": Promise(files={"cuts.txt": None}, also=one_cut),
}
