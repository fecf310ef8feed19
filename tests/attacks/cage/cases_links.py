"""Links and other odd things that code inside ffmpeg would have left for the next command of the job to follow."""

import os
import shutil
from pathlib import Path

from tests.attacks.cage.case import NONE, SOUND, VIDEO, Case, Places, SetUp, reading


def _link(name: str, target: str) -> SetUp:
    def make(work: Path, places: Places) -> None:
        (work / name).symlink_to(target.format(**places))

    return make


def _outputs(target: str) -> SetUp:
    """In the place of outputs/."""

    def make(work: Path, places: Places) -> None:
        shutil.rmtree(work / "outputs")
        (work / "outputs").symlink_to(target.format(**places))

    return make


def _chain(work: Path, places: Places) -> None:
    for number in range(20):
        (work / f"link{number}").symlink_to(f"link{number + 1}")
    (work / "link20").symlink_to(places["secret"])


def _device(work: Path, _: Places) -> None:
    """Memory of the host; only root can make it, and then only where no namespace forbids it."""
    os.mknod(work / "link", 0o20666, os.makedev(1, 1))


READ = reading("link")
READERS: list[tuple[str, str, str, bool]] = [
    ("the host's file", "{secret}", READ, True),
    ("another job's file", "{other}", READ, True),
    ("another job's file beside", "{beside}", READ, True),
    ("a path up", "../../../../../../../../../..{secret}", READ, True),
    ("shared memory", "{shared}", READ, True),
    ("the environment", "/proc/self/environ", READ, False),
    ("the worker's root", "/proc/{worker}/root{secret}", READ, True),
    ("a socket", "{unix}", reading("unix:link"), True),
    ("the host's directory", "{dir}", reading("link/secret.txt"), True),
    ("the host's root", "/", reading("link{secret}"), True),
    ("pictures", "{dir}", f"-f image2 -i link/picture%d.png {NONE}", True),
    ("pictures by glob", "{dir}", f"-f image2 -pattern_type glob -i 'link/*.png' {NONE}", True),
    ("a list", "{dir}", f"-f concat -safe 0 -i link/secret.list {NONE}", True),
    ("a text", "{secret}", f"{VIDEO} -vf drawtext=textfile=link {NONE}", True),
    ("a graph", "{graph}", f"{VIDEO} -/vf link {NONE}", True),
]
WRITERS: list[tuple[str, str, str]] = [
    ("the host's file", "{secret}", f"{SOUND} -f wav link"),
    ("a new file", "{new}", f"{SOUND} -f wav link"),
    ("another job's file", "{other}", f"{SOUND} -f wav link"),
    ("the host's directory", "{dir}", f"{SOUND} -f wav link/new"),
    ("its statistics", "{new}", f"{VIDEO} -vstats_file link {NONE}"),
    ("its progress", "{new}", f"{VIDEO} -progress link {NONE}"),
    ("its metadata", "{new}", f"{VIDEO} -vf metadata=add:key=a:value=b,metadata=print:file=link {NONE}"),
    ("segments", "{dir}", f"{VIDEO} -c:v mpeg2video -f segment link/new%d.ts"),
    ("pictures renamed", "{dir}", f"{VIDEO} -update 1 -atomic_writing 1 link/new.png"),
    ("a list renamed", "{dir}", f"{VIDEO} -c:v mpeg2video -f hls -hls_flags temp_file link/new.m3u8"),
]

LINKS = [
    *(
        Case(f"read through a link: {name}", command, set_up=_link("link", target), bare=bare, fails=True)
        for name, target, command, bare in READERS
    ),
    *(
        Case(f"write through a link: {name}", command, set_up=_link("link", target), bare=True)
        for name, target, command in WRITERS
    ),
    Case("read through a chain of links", reading("link0"), set_up=_chain, bare=True, fails=True),
    Case("outputs/ that is the host's", f"{SOUND} outputs/new.wav", set_up=_outputs("{dir}"), bare=True, fails=True),
    Case("outputs/ that is another job's", f"{SOUND} outputs/new.wav", set_up=_outputs("../../{job}/work/outputs"),
         bare=True, fails=True),
    Case("outputs/ that is above", f"{SOUND} outputs/{{stray}}.wav", set_up=_outputs("/var/tmp"), bare=True,
         fails=True),
    Case("outputs/ that is inputs/", f"{SOUND} -f wav outputs/a", {"a": "mine"}, set_up=_outputs("inputs"), bare=True,
         fails=True),
]  # fmt: skip

if os.geteuid() == 0:
    LINKS.append(Case("a device in the job's directory", READ, set_up=_device, fails=True, empty=True))

ODD = (
    "'outputs/a\nb'",
    "outputs/%s%n%d",
    "'outputs/a b;c|d$(x)`y`'",
    "outputs/..a",
    "outputs/.a",
    "'outputs/\x01\x1b[2J'",
)
NAMES = [
    *(
        Case(f"an output called {name!r}", f"{SOUND} -f wav {name}")
        for name in ODD
    ),
    Case("an output of a long name", f"{SOUND} -f wav outputs/{'x' * 300}", fails=True),
    Case("an output of a long path", f"{SOUND} -f wav {'x/' * 3000}a", fails=True),
    Case("an output without a name", f"{SOUND} -f wav ''", fails=True),
    Case("an output that is a directory", f"{SOUND} -f wav outputs", fails=True),
    Case("an output that is its own directory", f"{SOUND} -f wav .", fails=True),
]  # fmt: skip

CASES = [*LINKS, *NAMES]
