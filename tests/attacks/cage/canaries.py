"""What lies about on the host for an attacker to take: files with secrets, another job, sockets."""

import hashlib
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ffmill import programs
from ffmill.config import Settings
from ffmill.sandbox.workspace import Workspace
from tests.attacks.cage.tokens import token

SOCKET = ".s.PGSQL.5432"  # as if a PostgreSQL listened
LONG_AGO = 1  # ns of an access time: the next one to read the file sets a new one, if the filesystem keeps any
COMMON = ("/", "/tmp", "/var/tmp", "/dev/shm", "/run", "/root", "/home", ".")
Facts = dict[str, tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Tree:
    """A directory that nothing may look into or change; every user could, as far as modes go."""

    top: Path
    facts: Facts = field(default_factory=dict[str, tuple[object, ...]])

    def seal(self) -> None:
        """Remembers all of it; from here on whoever reads any of it leaves a trace."""
        for path in _all(self.top):
            if not path.is_symlink():
                os.utime(path, ns=(LONG_AGO, path.stat().st_mtime_ns))
        self.facts.clear()
        self.facts.update(_facts(self.top))

    def look(self) -> list[str]:
        """What has happened to it, a sentence each."""
        now = _facts(self.top)
        return [
            *(f"{name} was made" for name in now.keys() - self.facts.keys()),
            *(f"{name} is gone" for name in self.facts.keys() - now.keys()),
            *(
                f"{name} was read or changed"
                for name in now.keys() & self.facts.keys()
                if now[name] != self.facts[name]
            ),
        ]


def _all(top: Path) -> Iterator[Path]:
    yield top
    for directory, directories, files in os.walk(top):
        yield from (Path(directory, name) for name in (*directories, *files))


def _facts(top: Path) -> Facts:
    found: Facts = {}
    for path in sorted(_all(top), reverse=True):  # what is in a directory before that itself: we read it too
        facts = path.lstat()
        found[str(path)] = (
            *(facts.st_mode, facts.st_size, facts.st_nlink, facts.st_ino, facts.st_uid, facts.st_mtime_ns),
            facts.st_atime_ns if stat.S_ISREG(facts.st_mode) else 0,
            _digest(path) if stat.S_ISREG(facts.st_mode) else b"",
        )
    return found


def _digest(path: Path) -> bytes:
    """Of the content, read so that it leaves no trace."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOATIME | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        return hashlib.sha256(file.read()).digest()


@dataclass(frozen=True, slots=True)
class Secrets:
    """What must be seen nowhere."""

    host: str = field(default_factory=token)
    other: str = field(default_factory=token)
    environment: str = field(default_factory=token)

    def named(self) -> dict[str, str]:
        """Each by what it gives away."""
        return {
            "a file of the host": self.host,
            "another job's file": self.other,
            "the worker's environment": self.environment,
        }


def subtitles(secret: str) -> str:
    """A file of subtitles whose text is the secret."""
    return f"1\n00:00:00,000 --> 00:00:02,000\n{secret}\n"


def plant(directory: Path, secret: str) -> None:
    """Fills a directory with files of many kinds that hold the secret, each as its readers want it."""
    directory.mkdir(exist_ok=True)
    lut = "LUT_3D_SIZE 2\n" + "".join(f"{r} {g} {b}\n" for b in (0, 1) for g in (0, 1) for r in (0, 1))
    events = f"[Events]\nFormat: Start, End, Text\nDialogue: 0:00:00.00,0:00:02.00,{secret}\n"
    texts = {
        "secret.txt": f"{secret}\n" * 4,
        "secret.srt": subtitles(secret),
        "secret.ass": f"[Script Info]\nScriptType: v4.00+\n{events}",
        "secret.cube": f"# {secret}\n{lut}",
        "secret.title": f"title={secret}",
        "secret.meta": f";FFMETADATA1\ntitle={secret}\n",
        "secret.key": secret[:16],
        "secret.ffpreset": f"metadata=title={secret}\n",
        "secret.graph": f"color=s=64x64:d=0.2,metadata=add:key=k:value={secret},metadata=print",
        "secret.list": f"file '{directory}/secret.srt'\n",
        "secret.cl": f"// {secret}\n",
        "secret.so": f"\x7fELF {secret}\n",
    }
    for name, text in texts.items():
        (directory / name).write_text(text)
    media(directory, secret)
    for path in _all(directory):
        path.chmod(0o777 if path.is_dir() else 0o666)


def media(directory: Path, secret: str) -> None:
    """Pictures, sound and videos that name the secret, made by ffmpeg without a cage."""
    ffmpeg = programs.ffmpeg(Settings())
    title = ("-metadata", f"title={secret}", "-metadata", f"service_name={secret}")
    video = ("-f", "lavfi", "-i", "testsrc2=s=64x64:d=0.4:r=5")
    words = [
        *("-f", "lavfi", "-i", "sine=d=0.4", *title, f"{directory}/secret.wav"),
        *("-map", "1", "-c:v", "mpeg2video", *title, f"{directory}/secret.ts"),
        *("-map", "1", "-c:v", "mpeg4", *title, f"{directory}/secret.mp4"),
        *("-map", "1", "-frames:v", "1", *title, f"{directory}/secret.png"),
        *("-map", "1", "-frames:v", "2", *title, f"{directory}/picture%d.png"),
    ]
    head = (words[:4], video, ("-map", "0"), words[4:])
    argv = [word for part in head for word in part]
    subprocess.run([str(ffmpeg), "-v", "error", "-y", *argv], check=True, env={}, stdin=subprocess.DEVNULL)


def clear(directory: Path) -> None:
    """Removes what is in a directory, but for the socket that listens there."""
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != SOCKET:
            path.unlink()


def strays(name: str) -> list[str]:
    """Files of that name in the directories that every program knows, removed now."""
    found = [path for directory in COMMON for path in _named(Path(directory), name)]
    for path in found:
        path.unlink()
    return [f"{path} was made" for path in found]


def _named(directory: Path, name: str) -> list[Path]:
    try:
        return [path for path in directory.iterdir() if name in path.name and path.is_file()]
    except OSError:
        return []


def plant_job(other: Workspace, secret: str) -> None:
    """Fills another job's directory, and opens it to every user."""
    for directory in (other.inputs, other.work, other.work / "outputs"):
        (directory / "video.srt").write_text(subtitles(secret))
        (directory / "video.srt").chmod(0o666)
    for directory in (other.root, other.inputs, other.work, other.work / "outputs"):
        directory.chmod(0o777)
