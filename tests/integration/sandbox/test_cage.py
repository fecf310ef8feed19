"""What a command sees, may do and leaves behind, in a real cage."""

import asyncio
import os
import re
import signal
import socket
from contextlib import suppress
from pathlib import Path

import pytest
import uvloop

from ffmill.config import Settings
from ffmill.sandbox.cage import Cage
from ffmill.sandbox.limits import Limits
from ffmill.sandbox.process import Process
from ffmill.sandbox.sandbox import Sandbox
from ffmill.sandbox.spawned import Program
from tests.integration.sandbox.conftest import Bench, is_alive, until, until_named

ENDLESS = "-re -f lavfi -i testsrc2=s=64x64 -progress pipe:3 -stats_period 0.05 -f null -"
SUBTITLES = b"1\n00:00:00,000 --> 00:00:02,000\nHello <b>there</b>\n"


async def test_a_command_reads_its_inputs_and_leaves_its_outputs(bench: Bench) -> None:
    run = await bench.run("-i inputs/a -c copy outputs/b.srt", inputs={"a": SUBTITLES})
    assert run.exit.code == 0, run.log
    assert b"there" in run.files["outputs/b.srt"]
    assert run.exit.limit is None


async def test_a_cage_learns_its_files_after_it_was_made(full: Bench) -> None:
    async with full.sandbox.workspace(1) as workspace, full.sandbox.cage(workspace) as cage:
        (workspace.inputs / "late.srt").write_bytes(SUBTITLES)
        workspace.write(".also", "1\n00:00:01,000 --> 00:00:02,000\nlate\n")
        done = await full.run_in(
            cage, workspace, ["-i", "inputs/late.srt", "-i", "inputs/.also", "-c", "copy", "a.srt"]
        )
        assert done.exit.code == 0, done.log


async def test_several_cages_share_one_workspace(bench: Bench) -> None:
    sandbox = bench.sandbox
    async with sandbox.workspace(0) as workspace, sandbox.cage(workspace) as first, sandbox.cage(workspace) as second:
        await bench.run_in(first, workspace, "-f lavfi -i color=s=64x64 -frames:v 1 temp.png")
        run = await bench.run_in(second, workspace, "-i temp.png outputs/b.jpg")
    assert run.exit.code == 0, run.log


async def test_progress_log_and_standard_output_come_apart(bench: Bench) -> None:
    run = await bench.run("-f lavfi -i testsrc2=s=64x64 -t 1 -progress pipe:3 -f md5 -")
    assert run.progress.endswith("progress=end\n")
    assert "MD5=" in run.log
    assert "Stream mapping" in run.log
    assert "progress=" not in run.log


async def test_ffprobe_answers_on_its_standard_output(bench: Bench) -> None:
    run = await bench.run(
        "-v error -show_entries format=format_name inputs/a", inputs={"a": SUBTITLES}, program="ffprobe"
    )
    assert run.exit.code == 0, run.log
    assert "format_name=srt" in run.progress


@pytest.mark.parametrize("word", ['it\'s $(touch p) `id` "x"; & | * ~ \\ \n é', "\udcff", "-", "#", ""])
async def test_words_reach_ffmpeg_as_they_are(bench: Bench, word: str) -> None:
    run = await bench.run(
        ["-f", "lavfi", "-i", "anullsrc", "-t", "0.1", "-metadata", f"title={word}", "-f", "ffmetadata", "a.txt"]
    )
    assert run.exit.code == 0, run.log
    written = re.sub(rb"\\(.)", rb"\1", run.files["a.txt"], flags=re.DOTALL)
    assert f"title={word}".encode(errors="surrogateescape") in written or not word
    assert set(run.files) == {"a.txt"}


async def test_a_long_command_line_is_passed_on(bench: Bench) -> None:
    words = [word for n in range(20) for word in ("-metadata", f"k{n}={'x' * 60_000}")]
    run = await bench.run(["-f", "lavfi", "-i", "anullsrc", "-t", "0.1", *words, "-f", "null", "-"])
    assert run.exit.code == 0, run.log[-300:]


async def test_a_nul_is_refused_before_anything_runs(bench: Bench) -> None:
    with pytest.raises(ValueError, match="NUL"):
        await bench.run(["a\0b"])


async def test_the_exit_code_and_the_cost_are_told(bench: Bench) -> None:
    run = await bench.run("-f lavfi -i testsrc2=s=1280x720 -t 1 -progress pipe:3 -c:v libx264 -f null -")
    assert run.exit.code == 0
    assert run.exit.cpu_seconds > 0.1
    assert run.exit.wall_seconds > 0.05
    assert 60 << 20 < run.exit.peak_memory_bytes < 4 << 30
    assert (await bench.run("-i nothing -f null -")).exit.code == 254  # ENOENT


async def test_the_peak_memory_is_the_commands_and_not_the_workers(bench: Bench) -> None:
    held = bytearray(os.urandom(1 << 20)) * 400  # the worker is large
    run = await bench.run("-re -f lavfi -i testsrc2=s=64x64 -t 0.6 -f null -")  # long enough to be looked at
    assert run.exit.peak_memory_bytes < 200 << 20
    assert len(held) == 400 << 20


async def test_the_environment_is_empty(full: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    async with full.sandbox.workspace(0) as workspace, full.sandbox.cage(workspace) as cage:
        running = asyncio.create_task(full.run_in(cage, workspace, ENDLESS))
        await until_named(cage, "ffmpeg")
        environment = Path(f"/proc/{cage.pid}/environ").read_bytes()
        names = {line.partition(b"=")[0] for line in environment.split(b"\0") if line}
        running.cancel()
        await asyncio.wait([running])
    assert b"canary" not in environment
    assert names <= {b"HOME", b"LANG", b"FONTCONFIG_FILE", b"PWD", b"OLDPWD"}


@pytest.mark.parametrize(
    "path",
    ["/proc/self/environ", "/sys/kernel", "/etc/passwd", "/usr/bin/env", "/dev/zero", "/bin/sh", "/work", "/root"],
)
async def test_nothing_of_the_host_is_there(full: Bench, path: str) -> None:
    run = await full.run(["-f", "data", "-i", path, "-map", "0", "-c", "copy", "-f", "data", "out"])
    assert run.exit.code != 0
    assert "No such file or directory" in run.log


async def test_only_the_jobs_directory_and_tmp_can_be_written(full: Bench) -> None:
    for target in ("/a", "/fonts/a", "inputs/a", "/ffmpeg", "/sh", "/dev/a"):
        run = await full.run(
            ["-f", "lavfi", "-i", "anullsrc", "-t", "0.1", "-f", "null", "-", "-t", "1", "-f", "wav", target]
        )
        assert run.exit.code != 0, target
        assert re.search("Read-only file system|Permission denied|Text file busy", run.log), (target, run.log)
    assert (await full.run("-f lavfi -i anullsrc -t 0.1 /tmp/a.wav")).exit.code == 0


async def test_there_is_no_network(confined: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        run = await confined.run(f"-i http://127.0.0.1:{server.getsockname()[1]}/ -f null -")
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert run.exit.code != 0
    assert re.search("Operation not permitted", run.log), run.log


async def test_fonts_are_found_without_complaint(bench: Bench) -> None:
    graph = "drawtext=text=hi:fontsize=20,subtitles=inputs/s.srt:force_style='FontName=Arial,Bold=1'"
    run = await bench.run(
        ["-f", "lavfi", "-i", "testsrc2=s=320x240", "-frames:v", "1", "-vf", graph, "a.png"],
        inputs={"s.srt": SUBTITLES},
    )
    assert run.exit.code == 0, run.log
    assert "Fontconfig" not in run.log
    assert "DejaVu" in run.log
    plain = await bench.run("-f lavfi -i testsrc2=s=320x240 -frames:v 1 a.png")
    assert plain.files["a.png"] != run.files["a.png"]


async def test_new_fonts_of_the_host_make_no_complaint_either(
    tmp_path: Path, caged: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fonts = tmp_path / "fonts"
    fonts.mkdir()
    monkeypatch.setattr("ffmill.sandbox.fonts.HOSTS", (fonts,))
    async with Sandbox.open(caged, 1) as sandbox:
        (fonts / "late.ttf").write_bytes(b"no font")
        os.utime(fonts, (0, fonts.stat().st_mtime + 10))  # seconds later, as fontconfig counts
        run = await Bench(sandbox, Limits.of(caged)).run(
            "-f lavfi -i testsrc2=s=64x64 -frames:v 1 -vf drawtext=text=hi -f null -"
        )
    assert run.exit.code == 0
    assert "Fontconfig" not in run.log


@pytest.mark.parametrize("hung", [False, True])
async def test_a_cancelled_command_is_gone_at_once(bench: Bench, hung: bool) -> None:
    async with bench.sandbox.workspace(0) as workspace, bench.sandbox.cage(workspace) as cage:
        running = asyncio.create_task(bench.run_in(cage, workspace, ENDLESS))
        await until_named(cage, "ffmpeg")
        pid = cage.pid
        if hung:
            os.kill(pid, signal.SIGSTOP)
        async with asyncio.timeout(5):
            running.cancel()
            await asyncio.wait([running])
        assert running.cancelled()
        assert not is_alive(pid)


async def test_a_command_may_be_cancelled_at_any_moment(bench: Bench) -> None:
    async with bench.sandbox.workspace(0) as workspace:
        before = open_descriptors(), children()
        for step in range(40):
            try:
                async with asyncio.timeout(step / 2000), bench.sandbox.cage(workspace) as cage:
                    await cage.run(["-version"], bench.limits)
            except TimeoutError:
                continue
        await until(lambda: holds_no_more(before))


async def test_a_command_is_gone_however_often_it_is_cancelled(bench: Bench) -> None:
    """At once too, when bwrap has not yet told what it runs."""
    before, cages = (open_descriptors(), children()), list[Cage]()

    async def run() -> None:
        async with bench.sandbox.workspace(0) as workspace, bench.sandbox.cage(workspace) as cage:
            cages.append(cage)
            await bench.run_in(cage, workspace, ENDLESS)

    running = asyncio.create_task(run())
    while not cages:  # noqa: ASYNC110  # no event tells
        await asyncio.sleep(0)
    while not running.done():
        running.cancel()
        await asyncio.sleep(0)
    await until(lambda: cages[0].has_ended)
    await until(lambda: holds_no_more(before))


async def test_a_program_that_cannot_be_started_leaves_no_descriptor() -> None:
    before = open_descriptors()
    for is_bwrap in (True, False):
        with pytest.raises(FileNotFoundError):
            Process(Program(argv=("/none",), environment={}, is_bwrap=is_bwrap))
    assert open_descriptors() == before


async def test_a_cage_that_was_not_used_is_gone_with_its_context(bench: Bench) -> None:
    async with bench.sandbox.workspace(0) as workspace:
        async with bench.sandbox.cage(workspace) as cage:
            await until_named(cage, "sh")
            pid = cage.pid
        assert not is_alive(pid)


async def test_no_descriptor_and_no_zombie_is_left(bench: Bench) -> None:
    await bench.run("-f lavfi -i anullsrc -t 0.1 -f null -")
    before = open_descriptors(), children()
    for _ in range(3):
        await bench.run("-f lavfi -i anullsrc -t 0.1 -f null -")
    async with bench.sandbox.workspace(0) as workspace, bench.sandbox.cage(workspace):
        pass
    assert holds_no_more(before)


async def test_a_cage_that_died_while_it_waited_is_made_again(bench: Bench) -> None:
    async with bench.sandbox.workspace(0) as workspace, bench.sandbox.cage(workspace) as cage:
        await until_named(cage, "sh")
        os.kill(cage.pid, 9)
        await until(lambda: cage.has_ended)
        run = await bench.run_in(cage, workspace, "-f lavfi -i anullsrc -t 0.1 -f null -")
    assert run.exit.code == 0


async def test_a_killed_command_ends_with_128_and_the_signal(bench: Bench) -> None:
    async with bench.sandbox.workspace(0) as workspace, bench.sandbox.cage(workspace) as cage:
        running = asyncio.create_task(bench.run_in(cage, workspace, ENDLESS))
        await until_named(cage, "ffmpeg")
        os.kill(cage.pid, 9)
        assert (await running).exit.code == 137


async def test_ends_are_seen_where_there_are_no_pidfds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    settings = Settings(data_dir=tmp_path, sandbox="off")
    async with Sandbox.open(settings, 1) as sandbox:
        run = await Bench(sandbox, Limits.of(settings)).run("-f lavfi -i anullsrc -t 0.1 -f null -")
    assert run.exit.code == 0


async def test_a_flood_of_words_is_all_delivered(bench: Bench) -> None:
    run = await bench.run("-f lavfi -i testsrc2=s=64x64:r=200 -t 20 -vf showinfo -f null -")
    assert run.exit.code == 0
    assert len(run.log) > 500_000
    assert " n:3999 " in run.log


def test_cages_work_in_uvloop(caged: Settings) -> None:
    async def main() -> None:
        async with Sandbox.open(caged, 1) as sandbox:
            bench = Bench(sandbox, Limits.of(caged))
            assert (await bench.run("-f lavfi -i anullsrc -t 0.1 -f null -")).exit.code == 0
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await bench.run(ENDLESS)

    uvloop.run(main())


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def children() -> set[str]:
    """Processes of ours, those that have ended and were not waited for among them (proc(5), field 4 of stat)."""
    found = set[str]()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it is gone meanwhile
            head, _, tail = path.read_text().rpartition(")")
            if int(tail.split()[1]) == os.getpid():
                found.add(head)
    return found


def holds_no_more(before: tuple[int, set[str]]) -> bool:
    """Less it may be: a sandbox that was just opened sweeps, and holds locks while it does."""
    return open_descriptors() <= before[0] and children() <= before[1]
