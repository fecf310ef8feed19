"""Real conversions of real footage, judged by probing what came out."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.acceptance.client import Client, probe, seconds, stream
from tests.acceptance.conftest import of_serve

SUBTITLES = b"1\n00:00:00,000 --> 00:00:05,000\nHello, big rabbit\n"


@pytest.fixture(scope="module", params=["as it is", pytest.param("landlock", marks=pytest.mark.serve)])
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Client]:
    """Of the service as it is, and of one that confines commands as where namespaces are forbidden."""
    if request.param == "landlock":
        with of_serve(tmp_path_factory.mktemp("landlock"), FFMILL_SANDBOX="landlock") as service:
            yield Client(url=service.url, api_key=service.api_key)
    else:
        service = request.getfixturevalue("service")
        yield Client(url=service.url, api_key=service.api_key)


@pytest.fixture(scope="module")
def clip(client: Client, media: Path) -> str:
    """The URL of the shipped clip: 1280×720, 25 fps, 132 frames, 5.3 s, with sound."""
    return client.upload((media / "bigbuckbunny.mp4").read_bytes())


def test_trim_without_encoding(client: Client, clip: str, tmp_path: Path) -> None:
    job = client.convert({"in.mp4": clip}, ["cut.mp4"], "-i {{in.mp4}} -t 2 -c copy {{cut.mp4}}")
    facts = probe(client.download(job, "cut.mp4", tmp_path))
    assert stream(facts, "video")["codec_name"] == "h264"
    assert seconds(facts) == pytest.approx(2, abs=0.2)
    assert job["total_output_bytes"] == (tmp_path / "cut.mp4").stat().st_size
    assert job["total_input_bytes"] == 1_055_736


def test_scale_and_encode(client: Client, clip: str, tmp_path: Path) -> None:
    command = "-i <<in.mp4>> -vf scale=640:-2 -c:v libx264 -preset ultrafast -c:a copy <<small.mp4>>"
    facts = probe(client.download(client.convert({"in.mp4": clip}, ["small.mp4"], command), "small.mp4", tmp_path))
    video = stream(facts, "video")
    assert (video["codec_name"], video["width"], video["height"]) == ("h264", 640, 360)
    assert int(video["nb_read_frames"]) == 132


def test_thumbnail(client: Client, clip: str, tmp_path: Path) -> None:
    job = client.convert({"in": clip}, ["t.jpg"], "ffmpeg -ss 1 -i {{in}} -frames:v 1 -q:v 3 {{t.jpg}}")
    video = stream(probe(client.download(job, "t.jpg", tmp_path)), "video")
    assert (video["codec_name"], video["width"], video["height"]) == ("mjpeg", 1280, 720)


def test_audio_extraction(client: Client, clip: str, tmp_path: Path) -> None:
    job = client.convert({"in.mp4": clip}, ["a.mp3"], "-i {{in.mp4}} -vn -c:a libmp3lame -q:a 4 {{a.mp3}}")
    facts = probe(client.download(job, "a.mp3", tmp_path))
    assert [found["codec_name"] for found in facts["streams"]] == ["mp3"]
    assert seconds(facts) == pytest.approx(5.3, abs=0.2)


def test_gif_with_a_palette_made_by_an_earlier_command(client: Client, clip: str, tmp_path: Path) -> None:
    job = client.convert(
        {"in.mp4": clip},
        ["out.gif"],
        "-t 1 -i {{in.mp4}} -vf fps=10,scale=320:-1,palettegen palette.png",
        '-t 1 -i {{in.mp4}} -i palette.png -filter_complex "fps=10,scale=320:-1[v];[v][1:v]paletteuse" {{out.gif}}',
    )
    video = stream(probe(client.download(job, "out.gif", tmp_path)), "video")
    assert (video["codec_name"], video["width"], int(video["nb_read_frames"])) == ("gif", 320, 10)
    assert list(job["output_files"]) == ["out.gif"]


def test_two_inputs_with_overlay(client: Client, clip: str, media: Path, tmp_path: Path) -> None:
    logo = client.convert({}, ["logo.png"], "-f lavfi -i color=red:s=64x64 -frames:v 1 {{logo.png}}")
    job = client.convert(
        {"in.mp4": clip, "logo.png": logo["output_files"]["logo.png"]},
        ["o.mp4"],
        "-t 1 -i {{in.mp4}} -i {{logo.png}} -filter_complex overlay=10:10 -preset ultrafast {{o.mp4}}",
        "-i outputs/o.mp4 -vf crop=16:16:20:20,format=rgb24 -frames:v 1 -f rawvideo corner.raw",
    )
    facts = probe(client.download(job, "o.mp4", tmp_path))
    assert int(stream(facts, "video")["nb_read_frames"]) == 25
    del media


def test_concat_of_three(client: Client, clip: str, tmp_path: Path) -> None:
    names = ["a.mp4", "b.mp4", "c.mp4"]
    command = (
        "-t 1 -i {{a.mp4}} -t 1 -i {{b.mp4}} -t 1 -i {{c.mp4}} "
        '-filter_complex "[0:v][0:a][1:v][1:a][2:v][2:a]concat=n=3:v=1:a=1[v][a]" '
        '-map "[v]" -map "[a]" -preset ultrafast {{all.mp4}}'
    )
    job = client.convert(dict.fromkeys(names, clip), ["all.mp4"], command)
    facts = probe(client.download(job, "all.mp4", tmp_path))
    assert int(stream(facts, "video")["nb_read_frames"]) == 75
    assert seconds(facts) == pytest.approx(3, abs=0.2)


def test_hls_returns_every_segment_of_a_pattern(client: Client, clip: str, tmp_path: Path) -> None:
    command = (
        "-i {{in.mp4}} -c:v libx264 -preset ultrafast -g 25 -hls_time 1 -hls_playlist_type vod "
        "-hls_segment_filename {{seg_%03d.ts}} {{list.m3u8}}"
    )
    job = client.convert({"in.mp4": clip}, ["list.m3u8", "seg_%03d.ts"], command)
    playlist = client.download(job, "list.m3u8", tmp_path).read_text()
    segments = [line for line in playlist.splitlines() if line.endswith(".ts")]
    assert len(segments) == 6
    assert sorted(job["output_files"]) == sorted(["list.m3u8", *segments])
    for segment in segments:
        client.download(job, segment, tmp_path)
    assert int(stream(probe(tmp_path / "list.m3u8"), "video")["nb_read_frames"]) == 132


def test_a_glob_takes_what_a_pattern_wrote(client: Client, clip: str, tmp_path: Path) -> None:
    job = client.convert({"in.mp4": clip}, ["f_*.jpg"], "-i {{in.mp4}} -vf fps=2 -frames:v 4 outputs/f_%02d.jpg")
    assert list(job["output_files"]) == ["f_01.jpg", "f_02.jpg", "f_03.jpg", "f_04.jpg"]
    assert stream(probe(client.download(job, "f_03.jpg", tmp_path)), "video")["width"] == 1280


def test_two_passes_share_a_directory(client: Client, clip: str, tmp_path: Path) -> None:
    job = client.convert(
        {"in.mp4": clip},
        ["o.mp4"],
        "-i {{in.mp4}} -t 1 -c:v libx264 -preset ultrafast -b:v 300k -pass 1 -an -f null /dev/null",
        "-i {{in.mp4}} -t 1 -c:v libx264 -preset ultrafast -b:v 300k -pass 2 -an {{o.mp4}}",
    )
    assert int(stream(probe(client.download(job, "o.mp4", tmp_path)), "video")["nb_read_frames"]) == 25
    assert job["commands_total"] == 2


def difference(client: Client, clip: str, graph: str, inputs: dict[str, str]) -> str:
    """Runs a filter graph on a frame beside the untouched frame; the log with their PSNR."""
    command = (
        f'-ss 1 -t 1 -i {{{{in.mp4}}}} -filter_complex "split[a][b];[a]{graph}[c];[c][b]psnr" -frames:v 5 {{{{o.mp4}}}}'
    )
    return client.log(client.convert({"in.mp4": clip, **inputs}, ["o.mp4"], command))


def test_drawtext_finds_a_font(client: Client, clip: str) -> None:
    log = difference(client, clip, "drawtext=text='Hello, world':fontsize=120:fontcolor=red", {})
    assert "Fontconfig" not in log
    assert psnr(log) < 40


def test_subtitles_are_burnt_in_with_a_forced_style(client: Client, clip: str) -> None:
    subtitles = client.upload(SUBTITLES)
    graph = "subtitles={{subs.srt}}:force_style='FontSize=60,PrimaryColour=&H0000FF&'"
    log = difference(client, clip, graph, {"subs.srt": subtitles})
    assert "Fontconfig error" not in log
    assert "not find" not in log
    assert psnr(log) < 40


def psnr(log: str) -> float:
    """The average that the psnr filter prints at its end; `inf` where nothing was drawn."""
    words = log.split("average:")[1].split()
    return float(words[0])


def test_encrypted_hls_by_a_key_info_file(client: Client, clip: str) -> None:
    key = client.upload(bytes(range(16)))
    info = client.upload(b"https://example.com/enc.key\nenc.key\n")
    job = client.convert(
        {"in.mp4": clip, "enc.key": key, "info.txt": info},
        ["o.m3u8", "s*.ts"],
        "-i {{in.mp4}} -t 2 -c copy -hls_time 1 -hls_key_info_file {{info.txt}} "
        "-hls_segment_filename outputs/s%d.ts {{o.m3u8}}",
    )
    playlist = client.call("GET", job["output_files"]["o.m3u8"]).body.decode()
    assert 'METHOD=AES-128,URI="https://example.com/enc.key"' in playlist


def test_a_list_file_names_an_output_of_an_earlier_command(client: Client, clip: str, tmp_path: Path) -> None:
    listed = client.upload(b"file 'outputs/cut.mp4'\nfile 'inputs/in.mp4'\n")
    job = client.convert(
        {"in.mp4": clip, "list.txt": listed},
        ["cut.mp4", "o.mp4"],
        "-i {{in.mp4}} -t 2 -c copy {{cut.mp4}}",
        "-f concat -i {{list.txt}} -c copy {{o.mp4}}",
    )
    assert seconds(probe(client.download(job, "o.mp4", tmp_path))) == pytest.approx(7.3, abs=0.3)


@pytest.mark.parametrize("where", ["", "inputs/"])
def test_a_list_file_as_an_input_names_other_inputs(client: Client, clip: str, tmp_path: Path, where: str) -> None:
    listed = client.upload(f"file '{where}one.mp4'\nfile '{where}two.mp4'\n".encode())
    job = client.convert(
        {"one.mp4": clip, "two.mp4": clip, "list.txt": listed},
        ["o.mp4"],
        "-f concat -i {{list.txt}} -c copy {{o.mp4}}",
    )
    assert seconds(probe(client.download(job, "o.mp4", tmp_path))) == pytest.approx(10.6, abs=0.3)


def test_120_inputs_in_one_command(client: Client, tmp_path: Path) -> None:
    tile = client.convert({}, ["t.png"], "-f lavfi -i testsrc=s=64x64 -frames:v 1 {{t.png}}")["output_files"]["t.png"]
    names = [f"t{number:03}.png" for number in range(120)]
    reads = " ".join(f"-i {{{{{name}}}}}" for name in names)
    inputs = {name: str(tile) for name in names}
    job = client.convert(inputs, ["wall.jpg"], f"{reads} -filter_complex xstack=inputs=120:grid=12x10 {{{{wall.jpg}}}}")
    video = stream(probe(client.download(job, "wall.jpg", tmp_path)), "video")
    assert (video["width"], video["height"]) == (12 * 64, 10 * 64)


def test_a_filter_graph_longer_than_an_argument_may_be(client: Client, tmp_path: Path) -> None:
    graph = f"[0:v]metadata=mode=add:key=comment:value={'x' * 140_000}[v]"
    command = f'-f lavfi -i testsrc=s=64x64:d=0.2 -filter_complex "{graph}" -map "[v]" {{{{o.mp4}}}}'
    facts = probe(client.download(client.convert({}, ["o.mp4"], command), "o.mp4", tmp_path))
    assert int(stream(facts, "video")["nb_read_frames"]) == 5


def test_an_odd_input_name_is_a_safe_path(client: Client, clip: str, tmp_path: Path) -> None:
    name = "Bob's clip: 100% [v1], final;.mp4"
    job = client.convert({name: clip}, ["o.jpg"], f'-i "{{{{{name}}}}}" -frames:v 1 {{{{o.jpg}}}}')
    assert stream(probe(client.download(job, "o.jpg", tmp_path)), "video")["width"] == 1280
    assert list(job["input_files"]) == [name]


def test_nvidia_falls_back_to_cpu_where_nothing_needs_a_gpu(client: Client, clip: str) -> None:
    job = client.convert({"in.mp4": clip}, ["o.jpg"], "-i {{in.mp4}} -frames:v 1 {{o.jpg}}", machine="nvidia")
    assert job["machine"] == "cpu"
    assert any("nvidia" in warning for warning in job["warnings"])


def test_nvidia_is_refused_where_something_needs_a_gpu(client: Client, clip: str) -> None:
    body = {
        "input_files": {"in.mp4": clip},
        "output_files": ["o.mp4"],
        "ffmpeg_commands": ["-i {{in.mp4}} -c:v h264_nvenc {{o.mp4}}"],
        "machine": "nvidia",
    }
    answer = client.call("POST", "/api/ffmpeg", body)
    assert answer.status == 400
    assert "h264_nvenc" in answer.message
    assert "libx264" in answer.message
