"""What a command says of an output: how it is encoded and into which container, as far as its words tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ffmill.diagnosis.draft import Draft
from ffmill.jobs import graphs
from ffmill.jobs.options import File, Line, Option

ENCODED_BY_X264 = frozenset({"mp4", "m4v", "mov", "mkv"})  # containers for which ffmpeg chooses libx264 by itself
CODEC = ("c", "codec")
KINDS = {"v": ("vcodec",), "a": ("acodec",)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One command of a job that can be read."""

    index: int  # in the job, from 0
    argv: Sequence[str]
    line: Line
    kept: frozenset[str]  # the entries of output_files
    read: frozenset[str]  # the names of all files that the job's commands read
    complex_filters: frozenset[str]  # the names of filters that belong to no output alone

    def draft(self) -> Draft:
        """The command, to be mended."""
        return Draft(self.argv)


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """One output of a command."""

    command: Command
    file: File

    @property
    def suffix(self) -> str:
        """Of its name, in small letters, without the dot; the format where `-f` names one."""
        return self.file.last("f") or suffix(self.file.path)

    @property
    def name(self) -> str:
        """Of the file, without its directory."""
        return name(self.file.path)

    def given(self, option: Option, kind: str) -> bool:
        """Whether an option is for the streams of a kind, `v` or `a`, all of them or the first."""
        specifier = self.command.argv[option.at].partition(":")[2]
        return specifier in ("", kind, f"{kind}:0")

    def value(self, kind: str, *names: str) -> str | None:
        """What is in force of options with these names for a kind of stream; None when not given."""
        found = (one.value for one in reversed(self.file.options) if one.name in names and self.given(one, kind))
        return next(found, None)

    @property
    def encoder(self) -> str | None:
        """Of its video: `copy` too; libx264 where ffmpeg chooses that; None where there is none, or it is not known."""
        if self.file.last("vn") is not None:
            return None
        named = self.value("v", *CODEC, *KINDS["v"])
        return named or ("libx264" if self.suffix in ENCODED_BY_X264 else None)

    @property
    def graph(self) -> str:
        """Its own simple filter graph of video; "" where there is none."""
        return self.value("v", "vf", "filter") or ""

    @property
    def filters(self) -> frozenset[str]:
        """The names of all filters that its pictures may pass."""
        return self.command.complex_filters.union(one for one, _ in graphs.filters(self.graph))


def outputs(command: Command) -> list[Written]:
    """All outputs of a command."""
    return [Written(command=command, file=file) for file in command.line.outputs]


def complex_filters(line: Line) -> frozenset[str]:
    """The names of the filters of a command that belong to no output alone."""
    complex_graphs = (option.value for option in line.options if option.name in ("filter_complex", "lavfi"))
    return frozenset(one for graph in complex_graphs for one, _ in graphs.filters(graph))


def name(path: str) -> str:
    """Of a file, without its directory."""
    return PurePosixPath(path).name


def suffix(path: str) -> str:
    """Of a file's name, in small letters, without the dot."""
    return PurePosixPath(path).suffix[1:].lower()
