"""Commands of all kinds work in cages of each kind, under each filter of system calls, as they do without."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from ffmill.config import Settings
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox
from tests.integration.sandbox.conftest import QUIET

SUBTITLES = "1\n00:00:00,000 --> 00:00:02,000\nHello, cage\n"
COMMANDS = {  # in order: later ones read what the first has written
    "source": "-f lavfi -i testsrc2=s=160x90:d=1 -f lavfi -i sine=d=1 -c:v libx264 -threads 4 -shortest source.mp4",
    "x265": "-i source.mp4 -c:v libx265 -preset ultrafast -x265-params pools=2 a.mp4",
    "SVT-AV1": "-i source.mp4 -c:v libsvtav1 -preset 12 b.mp4",
    "AV1": "-i source.mp4 -frames:v 2 -c:v libaom-av1 -cpu-used 8 -row-mt 1 c.mkv",
    "VP9": "-i source.mp4 -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -row-mt 1 -threads 4 d.webm",
    "VVC": "-i source.mp4 -frames:v 2 -c:v libvvenc -preset faster e.mp4",
    "Opus": "-i source.mp4 -vn -c:a libopus f.ogg",
    "MP3": "-i source.mp4 -vn -c:a libmp3lame g.mp3",
    "resampled": "-i source.mp4 -vn -af aresample=48000:resampler=soxr h.flac",
    "text": "-i source.mp4 -vf drawtext=text=cage:fontsize=20 i.mp4",
    "subtitles": "-i source.mp4 -vf subtitles=inputs/s.srt j.mp4",
    "GIF": "-i source.mp4 -vf split[a][b];[a]palettegen[p];[b][p]paletteuse k.gif",
    "WebP": "-i source.mp4 -frames:v 5 -c:v libwebp_anim l.webp",
    "picture": "-ss 0.5 -i source.mp4 -frames:v 1 m.jpg",
    "HLS": "-i source.mp4 -c copy -hls_time 1 -hls_segment_filename n%03d.ts n.m3u8",
    "encrypted HLS": "-i source.mp4 -c copy -hls_enc 1 -hls_segment_filename o%03d.ts o.m3u8",
    "DASH": "-i source.mp4 -c copy -f dash p.mpd",
    "concatenated": "-f concat -i list.txt -c copy q.mp4",
    "first pass": "-i source.mp4 -c:v libx264 -b:v 100k -pass 1 -an -f null -",
    "second pass": "-i source.mp4 -c:v libx264 -b:v 100k -pass 2 -an r.mp4",
    "index in front": "-i source.mp4 -c copy -movflags +faststart s.mp4",
    "several threads": "-i source.mp4 -vf scale=320:-2 -filter_threads 4 -c:v mpeg4 t.mp4",
    "VMAF": "-i source.mp4 -i s.mp4 -lavfi libvmaf=n_threads=2 -f null -",
    "slower": "-i source.mp4 -vn -af rubberband=tempo=0.9 u.wav",
    "from a thread": "-i source.mp4 -c copy -map 0:a -f fifo -fifo_format adts v.aac",
    "several outputs": "-i source.mp4 -c copy -map 0 -f tee [f=segment:segment_time=1]w%d.mp4|[f=mpegts]w.ts",
    "drawn sound": "-i source.mp4 -lavfi showwavespic=s=320x100 -frames:v 1 x.png",
}


@pytest.fixture(
    params=[("full", "allow"), ("full", "deny"), ("landlock", "allow"), ("landlock", "deny"), ("off", "allow")]
)
async def confined_so(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[tuple[Sandbox, Limits]]:
    """A sandbox of each kind."""
    level, seccomp = request.param
    settings = Settings(data_dir=tmp_path / "data", sandbox=level, seccomp=seccomp)
    async with Sandbox.open(settings, 1) as sandbox:
        yield sandbox, Limits.of(settings)


async def test_varied_commands_work(confined_so: tuple[Sandbox, Limits]) -> None:
    sandbox, limits = confined_so
    failed: dict[str, str] = {}
    async with sandbox.workspace(0) as workspace:
        workspace.write("s.srt", SUBTITLES)
        (workspace.work / "list.txt").write_text("file source.mp4\nfile source.mp4\n")
        for name, command in COMMANDS.items():
            said: list[bytes] = []
            async with sandbox.cage(workspace) as cage:
                done = await cage.run([*QUIET, *command.split()], limits, on_stderr=said.append)
            if (done.code, done.limit) != (0, None):
                failed[name] = b"".join(said).decode(errors="replace")[-500:]
    assert failed == {}
