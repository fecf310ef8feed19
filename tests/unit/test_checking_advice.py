"""Advice on commands that run: each piece where it is due, and none where it is not."""

import pytest

from ffmill.checking.advice import advise
from ffmill.checking.finding import Advice
from ffmill.jobs.command import resolve
from tests.unit.test_command import RECIPES

INPUTS = (
    "in.mp4",
    "b.mp4",
    "a.wav",
    "logo.png",
    "in.mov",
    "p%d.png",
    "x.gif",
    "s.jpg",
    "subs.srt",
    "in.mkv",
    "in.webm",
)
OUTPUTS = ("out.mp4",)


def advice(*commands: str, outputs: tuple[str, ...] = OUTPUTS) -> list[tuple[int, str]]:
    """The codes of what is advised on these commands, with their indexes."""
    argvs = resolve(commands, inputs=INPUTS, outputs=[]).argvs
    return [(index, remark.code.value) for index, remark in advise(argvs, outputs)]


def codes(*commands: str, outputs: tuple[str, ...] = OUTPUTS) -> set[str]:
    """The codes alone, without that of the index at the end, which nearly every MP4 has."""
    return {code for _, code in advice(*commands, outputs=outputs)} - {"no_faststart"}


X = "-pix_fmt yuv420p"
DUE: list[tuple[Advice, str]] = [
    (Advice.COPY_SUFFICES, "-i in.mov out.mp4"),
    (Advice.COPY_SUFFICES, "-i in.mp4 -movflags +faststart out.mkv"),
    (Advice.COPY_SUFFICES, "-ss 5 -i in.mp4 -t 10 out.mp4"),
    (Advice.COPY_SUFFICES, "-i in.mkv -map 0:v:0 out.mov"),
    (Advice.CRF_AND_BITRATE, "-i in.mp4 -c:v libx264 -crf 20 -b:v 2M out.mp4"),
    (Advice.CRF_AND_BITRATE, "-i in.webm -crf 20 -b:v 2M out.mp4"),
    (Advice.CRF_AND_BITRATE, "-i in.mp4 -vcodec libx265 -crf 28 -b:v 2M out.mkv"),
    (Advice.RARE_PIXELS, "-framerate 25 -i p%d.png -c:v libx264 out.mp4"),
    (Advice.RARE_PIXELS, "-loop 1 -i logo.png -i a.wav -shortest out.mp4"),
    (Advice.RARE_PIXELS, "-i x.gif -vf scale=320:-2 out.mp4"),
    (Advice.NO_PALETTE, "-ss 1 -t 3 -i in.mp4 -vf fps=10,scale=320:-1 out.gif"),
    (Advice.NO_PALETTE, "-i in.mp4 -c:v gif out.gif"),
    (Advice.SLOW_SEEK, "-i in.mp4 -ss 00:10:00 -frames:v 1 out.jpg"),
    (Advice.SLOW_SEEK, "-i in.mp4 -ss 90 -to 120 -c:v libx264 out.mp4"),
    (Advice.SLOW_SEEK, "-i in.mp4 -ss 90 -vf scale=640:-2 -frames:v 1 out.jpg"),
    (Advice.ODD_SIZE, "-i in.mp4 -vf scale=641:-2 out.mp4"),
    (Advice.ODD_SIZE, "-i in.mp4 -vf scale=-1:720 -c:v libx264 out.mp4"),
    (Advice.ODD_SIZE, "-i in.mp4 -filter:v fps=30,scale=w=640:h=-1 -c:v libx265 out.mp4"),
    (Advice.ODD_SIZE, "-i in.mp4 -s 641x359 out.mp4"),
]
NOT_DUE: list[tuple[Advice, str]] = [
    (Advice.COPY_SUFFICES, "-i in.mov -c copy out.mp4"),
    (Advice.COPY_SUFFICES, "-i in.mp4 out.mp4"),
    (Advice.COPY_SUFFICES, "-i in.mov -c:v libx264 -c:a copy out.mp4"),
    (Advice.COPY_SUFFICES, "-i in.webm out.mp4"),
    (Advice.COPY_SUFFICES, "-i in.mov -vf scale=640:-2 out.mp4"),
    (Advice.COPY_SUFFICES, "-i in.mov -crf 28 out.mp4"),
    (Advice.COPY_SUFFICES, "-i in.mov -filter_complex [0:v]hflip[v] -map [v] out.mp4"),
    (Advice.COPY_SUFFICES, "-i in.mp4 -t 3 -r 25 out.mp4"),
    (Advice.CRF_AND_BITRATE, "-i in.mp4 -c:v libvpx-vp9 -crf 30 -b:v 0 out.webm"),
    (Advice.CRF_AND_BITRATE, "-i in.mp4 -c:v libx264 -crf 20 -b:a 128k out.mp4"),
    (Advice.CRF_AND_BITRATE, "-i in.mp4 -c:v libx264 -crf 20 -maxrate 2M -bufsize 4M out.mp4"),
    (Advice.RARE_PIXELS, f"-i p%d.png {X} out.mp4"),
    (Advice.RARE_PIXELS, "-i p%d.png -vf format=yuv420p out.mp4"),
    (Advice.RARE_PIXELS, "-i in.mp4 -i logo.png -filter_complex overlay out.mp4"),
    (Advice.RARE_PIXELS, "-i p%d.png -c:v libvpx-vp9 out.webm"),
    (Advice.RARE_PIXELS, "-i s.jpg -i a.wav out.mp4"),
    (Advice.NO_PALETTE, "-i in.mp4 -vf split[a][b];[a]palettegen[p];[b][p]paletteuse out.gif"),
    (Advice.NO_PALETTE, "-i in.mp4 -i logo.png -lavfi fps=10[v];[v][1:v]paletteuse out.gif"),
    (Advice.NO_PALETTE, "-i in.mp4 -pix_fmt gray out.gif"),
    (Advice.NO_PALETTE, "-i x.gif -c copy out.gif"),
    (Advice.SLOW_SEEK, "-ss 600 -i in.mp4 -frames:v 1 out.jpg"),
    (Advice.SLOW_SEEK, "-i in.mp4 -ss 2 -frames:v 1 out.jpg"),
    (Advice.SLOW_SEEK, "-i in.mp4 -ss 90 -vf subtitles=inputs/subs.srt out.mp4"),
    (Advice.SLOW_SEEK, "-f lavfi -i testsrc=d=100 -ss 90 out.mp4"),
    (Advice.SLOW_SEEK, "-i in.mp4 -ss 90 -c copy out.mp4"),
    (Advice.SLOW_SEEK, "-i in.mp4 -i a.wav -ss 90 out.mp4"),
    (Advice.ODD_SIZE, "-i in.mp4 -vf scale=640:-2 out.mp4"),
    (Advice.ODD_SIZE, "-i in.mp4 -vf scale=640:-1 out.png"),
    (Advice.ODD_SIZE, "-i in.mp4 -vf scale=640:-1 -c:v libvpx-vp9 out.webm"),
    (Advice.ODD_SIZE, "-i in.mp4 -vf scale=-1:720,crop=640:360 out.mp4"),
    (Advice.ODD_SIZE, "-i in.mp4 -vf scale=641:-1,pad=ceil(iw/2)*2:ceil(ih/2)*2 out.mp4"),
    (Advice.ODD_SIZE, "-i in.mp4 -vf scale=641:361 -pix_fmt yuv444p out.mp4"),
    (Advice.ODD_SIZE, "-i in.mp4 -vf scale=-1:720:force_original_aspect_ratio=decrease:force_divisible_by=2 out.mp4"),
    (Advice.ODD_SIZE, "-i in.mp4 -s 640x360 out.mp4"),
]


@pytest.mark.parametrize(("code", "command"), DUE, ids=[f"{code}-{at}" for at, (code, _) in enumerate(DUE)])
def test_advice_is_given_where_it_is_due(code: Advice, command: str) -> None:
    assert codes(command) == {code}


@pytest.mark.parametrize(("code", "command"), NOT_DUE, ids=[f"{code}-{at}" for at, (code, _) in enumerate(NOT_DUE)])
def test_no_advice_is_given_where_it_is_not_due(code: Advice, command: str) -> None:
    assert code not in codes(command)


@pytest.mark.parametrize(
    ("command", "outputs", "due"),
    [
        ("-i in.webm outputs/out.mp4", ("out.mp4",), True),
        ("-i a.wav -c:a aac outputs/a.m4a", ("a.m4a",), True),
        ("-i in.webm -movflags +faststart out.mp4", ("out.mp4",), False),
        ("-i in.webm -movflags frag_keyframe+empty_moov out.mp4", ("out.mp4",), False),
        ("-i in.mp4 -c copy out.mp4", ("out.mp4",), False),
        ("-i in.webm temporary.mp4", ("out.mp4",), False),
        ("-i in.webm out.mkv", ("out.mkv",), False),
        ("-i in.webm -f hls out.mp4", ("out.mp4",), False),
    ],
    ids=["mp4", "m4a", "asked for", "fragments", "copied", "not kept", "mkv", "hls"],
)
def test_an_index_at_the_end_is_told_of_files_for_the_web(command: str, outputs: tuple[str, ...], due: bool) -> None:
    assert ("no_faststart" in {code for _, code in advice(command, outputs=outputs)}) == due


def test_a_file_that_a_later_command_reads_needs_no_index_at_its_beginning() -> None:
    found = advice("-i in.webm out.mp4", "-i out.mp4 -c copy last.mp4", outputs=("out.mp4", "last.mp4"))
    assert (0, "no_faststart") not in found


def test_a_file_that_several_commands_decode_is_told_of_at_the_later_ones() -> None:
    found = advice(
        "-i {{in.mp4}} -vf scale=1280:-2 a.mkv",
        "-i {{in.mp4}} -vf scale=640:-2 b.mkv",
        "-i {{in.mp4}} -vf scale=320:-2 c.mkv",
    )
    assert found == [(1, "decoded_again"), (2, "decoded_again")]


@pytest.mark.parametrize(
    "commands",
    [
        ("-i {{in.mp4}} -b:v 1M -pass 1 -an -f null /dev/null", "-i {{in.mp4}} -b:v 1M -pass 2 x.mkv"),
        ("-i {{in.mp4}} -vf palettegen p.png", "-i {{in.mp4}} -i p.png -lavfi paletteuse y.gif"),
        ("-i {{in.mp4}} -c copy x.mkv", "-i {{in.mp4}} -vf scale=640:-2 y.mkv"),
        ("-ss 5 -i {{in.mp4}} -frames:v 1 x.jpg", "-ss 9 -i {{in.mp4}} -frames:v 1 y.jpg"),
        ("-i {{in.mp4}} -vf vidstabdetect -f null -", "-i {{in.mp4}} -vf vidstabtransform x.mkv"),
        ("-i {{in.mp4}} x.mkv", "-i {{b.mp4}} y.mkv"),
        ("-i {{in.mp4}} -c:v libx264 x.mkv", "-i {{in.mp4}} -vn x.mp3"),
    ],
    ids=["two passes", "palette", "copied", "pictures", "stabilised", "two files", "sound"],
)
def test_commands_that_build_on_each_other_are_no_repetition(commands: tuple[str, ...]) -> None:
    assert "decoded_again" not in codes(*commands)


@pytest.mark.parametrize(
    ("code", "command", "mended"),
    [
        (Advice.ODD_SIZE, "-i in.mp4 -vf fps=30,scale=641:-1 out.mp4", "-i in.mp4 -vf fps=30,scale=640:-2 out.mp4"),
        (Advice.ODD_SIZE, "-i in.mp4 -vf scale=-1:721:flags=area o.mkv", "-i in.mp4 -vf scale=-2:720:flags=area o.mkv"),
        (Advice.ODD_SIZE, "-i in.mp4 -s:v 641x359 out.mp4", "-i in.mp4 -s:v 640x358 out.mp4"),
        (Advice.NO_FASTSTART, "-i in.mp4 -an out.mp4", "-i in.mp4 -an -movflags +faststart out.mp4"),
        (Advice.NO_FASTSTART, "-i in.mp4 -movflags use_metadata_tags out.mp4", ""),
        (Advice.SLOW_SEEK, "-y -i in.mp4 -ss 90 -an -to 99 o.mkv", "-y -ss 90 -to 99 -i in.mp4 -an o.mkv"),
    ],
    ids=["scale", "flags", "size", "index", "other flags", "seek"],
)
def test_a_command_is_mended_where_there_is_one_sure_way(code: Advice, command: str, mended: str) -> None:
    argvs = resolve([command], inputs=INPUTS, outputs=[]).argvs
    (remark,) = [one for _, one in advise(argvs, OUTPUTS) if one.code is code]
    assert " ".join(word.text for word in remark.words) == mended


JUSTIFIED = {  # all that is said of the ordinary commands of test_command.py, but of an index at the end
    "-pattern_type glob -framerate 10 -i '*.png' out.mp4": {"rare_pixel_format"},
    "-loop 1 -i logo.png -i a.wav -shortest -t 10 out.mp4": {"rare_pixel_format"},
}


@pytest.mark.parametrize(("command", "outputs"), RECIPES, ids=[str(at) for at in range(len(RECIPES))])
def test_ordinary_commands_get_no_advice_but_what_is_justified(command: str, outputs: tuple[str, ...]) -> None:
    argvs = resolve([command], inputs=[*INPUTS, "list.txt", "img001.png", "enc.keyinfo"], outputs=outputs).argvs
    found = {remark.code.value for _, remark in advise(argvs, outputs)} - {"no_faststart"}
    assert found == JUSTIFIED.get(command, set())


def test_the_ordinary_commands_are_many() -> None:
    assert len(RECIPES) >= 60
    assert set(JUSTIFIED) <= {command for command, _ in RECIPES}
