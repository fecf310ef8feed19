"""The system's own ffmpeg, with its hundreds of libraries, in the cage (`apt-get install ffmpeg`)."""

from pathlib import Path

import pytest

from ffmill.config import Settings
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.sandbox import Sandbox

DRAW = "-nostdin -y -f lavfi -i testsrc2=s=64x64 -t 0.2 -vf drawtext=text=x -c:v libx264 outputs/a.mp4"
FFMPEG, FFPROBE = Path("/usr/bin/ffmpeg"), Path("/usr/bin/ffprobe")


@pytest.mark.system
@pytest.mark.skipif(not FFMPEG.exists(), reason="the system has no ffmpeg")
@pytest.mark.parametrize("level", ["full", "off"])
async def test_a_foreign_ffmpeg_works_in_the_cage(tmp_path: Path, level: str) -> None:
    settings = Settings.model_validate(
        {"data_dir": tmp_path / "data", "ffmpeg": FFMPEG, "ffprobe": FFPROBE, "sandbox": level}
    )
    log, probed = bytearray(), bytearray()
    async with Sandbox.open(settings, 1) as sandbox, sandbox.workspace(0) as workspace:
        async with sandbox.cage(workspace) as cage:
            done = await cage.run(DRAW.split(), Limits.of(settings), on_stderr=log.extend)
        async with sandbox.cage(workspace) as cage:
            shown = ["-v", "error", "-show_entries", "stream=codec_name", "outputs/a.mp4"]
            await cage.run(shown, Limits.of(settings), program="ffprobe", on_progress=probed.extend)
    assert done.code == 0, log.decode()
    assert b"Fontconfig" not in log
    assert b"codec_name=h264" in probed
