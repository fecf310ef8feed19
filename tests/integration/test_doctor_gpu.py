"""`ffmill doctor` with a GPU: ffmpeg is played by a script, and by the real one, which has no driver here."""

import os
from pathlib import Path

import pytest
import typer

from ffmill.cli import doctor, doctor_gpu
from ffmill.cli.findings import Mark
from ffmill.config import Settings
from ffmill.errors import CannotStart
from ffmill.sandbox import gpu
from ffmill.sandbox.gpu import Gpu

NO_NVENC = "OpenEncodeSessionEx failed: unsupported device (2): (no details)"
NO_LIBRARY = "Cannot load libnvcuvid.so.1"


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with a GPU, as far as one can see."""
    found = Gpu(devices=(Path("/dev/zero"),), libraries={}, facts=())
    monkeypatch.setattr(gpu, "is_there", lambda: True)
    monkeypatch.setattr(gpu, "of_host", lambda: found)
    monkeypatch.setattr(gpu, "describe", lambda: "NVIDIA L4; driver 570.124.06")


def played(tmp_path: Path, **failing: str) -> Settings:
    """Settings with an ffmpeg that says these words and fails where its command has that word."""
    cases = "".join(f"*{word}*) echo '[x @ 0x5] [error] {said}' >&2; exit 1;; " for word, said in failing.items())
    script = tmp_path / "ffmpeg"
    script.write_text(f'#!/bin/sh\ncase "$*" in {cases} esac\n')
    script.chmod(0o755)
    return Settings(data_dir=tmp_path / "data", sandbox="off", ffmpeg=script)


async def marks(settings: Settings) -> dict[str, Mark]:
    return {finding.name: finding.mark for finding in await doctor_gpu.examine(settings)}


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="a GPU is here")
async def test_without_gpu_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert await doctor_gpu.examine(Settings(data_dir=tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="a GPU is here")
async def test_a_pool_that_needs_a_gpu_where_there_is_none_is_a_fault(tmp_path: Path) -> None:
    (finding,) = await doctor_gpu.examine(Settings.model_validate({"data_dir": tmp_path, "machines": "cpu,nvidia"}))
    assert (finding.name, finding.mark) == ("NVIDIA GPU", "wrong")
    assert "libcuda.so.1" in finding.text
    assert "install the NVIDIA driver" in finding.text


@pytest.mark.usefixtures("host")
async def test_a_gpu_that_does_everything_is_well(tmp_path: Path) -> None:
    findings = await doctor_gpu.examine(played(tmp_path))
    assert [(finding.name, finding.mark) for finding in findings] == [
        ("NVIDIA GPU", "ok"),
        ("GPU decoding (NVDEC)", "ok"),
        ("CUDA filters", "ok"),
        ("GPU encoding (NVENC)", "ok"),
    ]
    assert findings[0].text == "NVIDIA L4; driver 570.124.06"


@pytest.mark.usefixtures("host")
async def test_a_card_without_encoder_is_no_fault(tmp_path: Path) -> None:
    settings = played(tmp_path, h264_nvenc=NO_NVENC)
    assert (await marks(settings))["GPU encoding (NVENC)"] == "not there"
    (finding,) = [found for found in await doctor_gpu.examine(settings) if found.mark != "ok"]
    assert finding.text.startswith("this GPU has no encoder (as H100, H200, A100)")
    assert NO_NVENC in finding.text


@pytest.mark.usefixtures("host")
async def test_an_encoder_that_is_missed_while_nothing_works_is_a_fault(tmp_path: Path) -> None:
    found = await marks(played(tmp_path, h264_nvenc=NO_NVENC, scale_cuda="CUDA_ERROR_UNKNOWN"))
    assert (found["CUDA filters"], found["GPU encoding (NVENC)"]) == ("wrong", "wrong")


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize(
    ("word", "said", "hint"),
    [
        ("hwdownload,format=nv12 -f null", NO_LIBRARY, "install the driver's video libraries"),
        ("h264_nvenc", "Unknown encoder 'h264_nvenc'", "set FFMILL_FFMPEG"),
        ("h264_nvenc", "Driver does not support the required nvenc API version.", "a newer NVIDIA driver"),
        ("scale_cuda", "dl_fn->cuda_dl->cuInit(0) failed -> CUDA_ERROR_OPERATING_SYSTEM", "CUDA_ERROR"),
    ],
)
async def test_what_does_not_work_says_why_and_what_to_do(tmp_path: Path, word: str, said: str, hint: str) -> None:
    findings = await doctor_gpu.examine(played(tmp_path, **{f"'{word}'": said.replace("'", "")}))
    wrong = [finding.text for finding in findings if finding.mark == "wrong"]
    assert wrong
    assert all(hint in text and "0x5" not in text for text in wrong)


@pytest.mark.usefixtures("host")
async def test_the_trials_are_commands_that_ffmpeg_takes(tmp_path: Path) -> None:
    """The real one fails for want of a driver, and of nothing else; in a real cage."""
    findings = await doctor_gpu.examine(Settings(data_dir=tmp_path))
    assert [finding.name for finding in findings] == ["NVIDIA GPU", *doctor_gpu.TRIALS]
    if not Path("/dev/nvidiactl").exists():
        assert all("Cannot load libcuda.so.1" in finding.text for finding in findings[1:]), findings


@pytest.mark.usefixtures("host")
def test_the_table_has_a_row_for_each_and_a_missing_encoder_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "CHECKS", {"scratch space": doctor.scratch})
    doctor.run(played(tmp_path, h264_nvenc=NO_NVENC))
    said = capsys.readouterr().out
    for text in ("scratch space", "NVIDIA GPU", "GPU decoding (NVDEC)", "CUDA filters", "not there"):
        assert text in said
    with pytest.raises(typer.Exit):
        doctor.run(played(tmp_path, scale_cuda=NO_LIBRARY))


def test_a_device_that_jobs_may_not_open_is_told(tmp_path: Path) -> None:
    node = tmp_path / "nvidia0"
    node.touch()
    node.chmod(0o666)
    doctor_gpu.refuse_closed([node])
    node.chmod(0o660 if os.geteuid() == 0 else 0o000)
    with pytest.raises(CannotStart, match=r"nvidia0 may not be opened .* NVreg_DeviceFileMode=0666"):
        doctor_gpu.refuse_closed([node])
