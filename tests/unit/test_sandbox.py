"""What the sandbox decides without starting anything."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from ffmill.config import Settings
from ffmill.sandbox import fonts, uids
from ffmill.sandbox.bwrap import Walls, argv
from ffmill.sandbox.evidence import Evidence
from ffmill.sandbox.limits import Limits, human
from ffmill.sandbox.line import line
from ffmill.sandbox.root import Plan

LIMITS = Limits(file_bytes=1 << 30, job_bytes=2 << 30, memory_bytes=3 << 30, threads=64)


@pytest.mark.parametrize(
    ("size", "text"),
    [(20 << 30, "20 GiB"), (3 << 29, "1.5 GiB"), (1 << 40, "1 TiB"), (1000, "1000 bytes"), (0, "0 bytes")],
)
def test_sizes_are_written_as_a_person_does(size: int, text: str) -> None:
    assert human(size) == text


def test_the_operators_limits_are_taken() -> None:
    settings = Settings(max_output_bytes=1, max_job_bytes=2, max_memory_bytes=64 << 20, max_threads=8)
    limits = Limits.of(settings)
    assert (limits.file_bytes, limits.job_bytes, limits.memory_bytes, limits.threads) == (1, 2, 64 << 20, 8)


def test_a_limit_names_its_value_and_its_setting() -> None:
    assert LIMITS.file_sentence() == "a file grew beyond 1 GiB (FFMILL_MAX_OUTPUT_BYTES)"
    assert LIMITS.job_sentence() == "the job's inputs and files grew beyond 2 GiB (FFMILL_MAX_JOB_BYTES)"
    assert "3 GiB of memory (FFMILL_MAX_MEMORY_BYTES)" in LIMITS.memory_sentence()
    assert "64 threads (FFMILL_MAX_THREADS)" in LIMITS.threads_sentence()
    assert "100,000 files" in LIMITS.files_sentence()


def test_reserved_memory_may_exceed_what_is_used() -> None:
    assert LIMITS.memory_bytes < LIMITS.data_bytes < LIMITS.address_bytes


def test_what_is_allowed_for_stacks_is_bounded() -> None:
    assert replace(LIMITS, threads=8192).data_bytes == LIMITS.memory_bytes + (16 << 30)


@pytest.mark.parametrize(
    ("said", "code", "breach"),
    [
        (b"[out#0] [error] Error writing trailer: File too large\n", 229, "a file grew"),
        (b"av_interleaved_write_frame(): File too large\n", 229, "a file grew"),
        (b"[error] Error during demuxing: Cannot allocate memory\n", 0, "of memory"),
        (b"x264 [error]: malloc of size 27539174 failed\n", 187, "of memory"),
        (b"[info]   title : Cannot allocate memory\n", 0, None),
        (b"[error] Resource temporarily unavailable\n", 245, "threads"),
        (b"[error] Resource temporarily unavailable\n", 0, None),
        (b"[error] Resource temporarily unavailable\n", 1, None),
        (b"[error] x.wav: Too many open files\n", 232, "open at once"),
        (b"[error] Invalid data found\n", 183, None),
        (b"/sh: 1: exec: /ffmpeg: Cannot allocate memory\n", 126, "of memory"),
        (b"[error] Cannot allocate memory", 1, "of memory"),
        (b"[info] Input #0, lavfi, from 'drawtext=text='Cannot allocate memory'\n[error] No such filter\n", 8, None),
        (b"[info]     title           : Cannot allocate memory\n[error] Stream map matches no streams\n", 1, None),
        (b"[error] Error opening output file File too large.mp4.\n", 1, None),
        (b"[warning] x: File too large\n", 1, None),
    ],
)
def test_a_breach_shows_in_what_the_command_says(said: bytes, code: int, breach: str | None) -> None:
    for size in (1, 7, len(said)):
        evidence = Evidence()
        for start in range(0, len(said), size):
            evidence.feed(said[start : start + size])
        sentence = evidence.breach(LIMITS, code, threads_counted=True)
        assert sentence is None if breach is None else breach in (sentence or ""), size


def test_a_thread_refused_where_threads_do_not_count_is_a_matter_of_memory() -> None:
    evidence = Evidence()
    evidence.feed(b"[error] Resource temporarily unavailable\n")
    assert evidence.breach(LIMITS, 245, threads_counted=False) == LIMITS.memory_sentence()


def test_a_line_without_end_is_not_kept() -> None:
    evidence = Evidence()
    for _ in range(100):
        evidence.feed(b"x" * 65536)
    assert len(evidence._partial) <= 4096  # pyright: ignore[reportPrivateUsage]  # what is bounded


def test_the_line_quotes_every_word() -> None:
    words = ["-i", "it's $(a) `b`; c", "\n", "\udcff"]
    text = line("/ffmpeg", words, LIMITS, progress=True, count_threads=True)
    assert text.endswith(b"3>&1 1>&2 </dev/null\n")
    command = text[text.index(b"exec ") :].decode(errors="surrogateescape")
    assert shlex.split(command)[1:6] == ["/ffmpeg", *words]


def test_the_line_of_ffprobe_leaves_its_output_alone() -> None:
    text = line("/ffprobe", [], LIMITS, progress=False, count_threads=False)
    assert b"3>" not in text
    assert b"ulimit -p" not in text


def test_the_line_sets_limits_in_the_units_of_the_shell() -> None:
    text = line("/ffmpeg", [], LIMITS, progress=True, count_threads=True).decode()
    assert f"ulimit -f {(1 << 30) // 512} " in text
    assert f"ulimit -d {LIMITS.data_bytes // 1024} " in text
    assert "ulimit -c 0 " in text
    assert "ulimit -p 65 || ulimit -u 65" in text


def test_the_cage_shares_nothing_with_the_host() -> None:
    walls = Walls(
        bwrap=Path("/x/bwrap"), root=Path("/x/root"), ffmpeg=Path("/x/f"), ffprobe=Path("/x/p"),
        fonts={Path("/usr/share/fonts"): Path("/seen/fonts")},
    )  # fmt: skip
    words = argv(walls, work=Path("/s/work"), inputs=Path("/s/inputs"), tmp=Path("/s/tmp"))
    for kind in ("user", "pid", "net", "ipc", "uts"):
        assert f"--unshare-{kind}" in words
    assert {"--die-with-parent", "--as-pid-1", "--new-session"} <= set(words)
    assert words[words.index("--cap-drop") + 1] == "ALL"
    assert [words[at + 2] for at, word in enumerate(words) if word == "--bind"] == ["/tmp", "/job"]
    assert not {"--proc", "--dev", "--share-net"} & set(words)
    assert words[-2:] == ["--", "/sh"]
    text = " ".join(words)
    assert "--ro-bind /s/inputs /job/inputs" in text
    assert "--ro-bind /seen/fonts /usr/share/fonts" in text
    assert text.index("--bind /s/work /job") < text.index("/job/inputs")


def test_a_root_is_another_one_when_what_it_holds_has_changed(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_bytes(b"1")
    plan = Plan(programs=(program,), libraries=(), font_directories=())
    before = plan.name
    assert plan.name == before
    program.write_bytes(b"22")
    assert plan.name != before


def test_odd_libraries_are_looked_for_where_they_lie() -> None:
    libraries = [Path(path) for path in ("/lib/x86_64-linux-gnu/a.so", "/usr/lib64/b.so", "/opt/x/c.so", "/opt/x/d.so")]
    plan = Plan(programs=(), libraries=tuple(libraries), font_directories=())
    assert plan.library_path == "/opt/x"


def test_the_fonts_configuration_escapes_paths() -> None:
    text = fonts.config([Path("/a&b")], [Path("/c<d")])
    assert "<dir>/a&amp;b</dir>" in text
    assert "<cachedir>/c&lt;d</cachedir>" in text


def test_blocks_of_users_must_be_mapped() -> None:
    covers = uids._covers  # pyright: ignore[reportPrivateUsage]  # a table that only some containers have
    assert covers("         0          0 4294967295\n", 200_000)
    assert covers("0 100000 65536\n", 30_000)
    assert not covers("0 100000 65536\n", 200_000)
    assert not covers("0 1000 1\n", 30_000)


def test_our_font_comes_with_its_licence() -> None:
    names = {path.name for path in fonts.OURS.iterdir()}
    assert names == {"DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "LICENSE_DEJAVU"}
