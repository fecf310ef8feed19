"""`ffmill ffmpeg …` and `ffmill validate …`: what they take, which is all that ffmpeg takes."""

# ruff: noqa: PLC0415
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from ffmill.cli.commands.panels import JSON

Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="…", help="What you would write after the word ffmpeg.", show_default=False),
]
Machine = Annotated[str, typer.Option(metavar="NAME", help="Machine to run it on: --machine=nvidia.")]
FFMPEG_HELP = """Run an ffmpeg command on the service: local files go up, outputs come down.

    ffmill ffmpeg -i in.mov -vf scale=640:-2 out.mp4

All words from the first that does not begin with two dashes are ffmpeg's own, which has no such options. Options of
ffmill stand before it, those with a value as --machine=nvidia.
"""


class WordsOfFfmpeg(TyperCommand):
    """A command whose options are those of ffmpeg, apart from leading ones with two dashes."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Ends our own options where ffmpeg's words begin."""
        ours = next((at for at, word in enumerate(args) if not word.startswith("--") or word == "--"), len(args))
        rest = args[ours + 1 :] if args[ours : ours + 1] == ["--"] else args[ours:]
        return super().parse_args(ctx, [*args[:ours], "--", *rest])


def ffmpeg(words: Words = None, *, machine: Machine = "cpu", as_json: JSON = False) -> None:
    """Run an ffmpeg command."""
    from ffmill.cli.remote import ffmpeg as command

    raise typer.Exit(command.run(words or [], machine=machine, as_json=as_json))


def validate(words: Words = None, *, machine: Machine = "cpu", as_json: JSON = False) -> None:
    """Say what is wrong with an ffmpeg command, without running it: ffmill validate -i in.mov out.mp4"""
    from ffmill.cli.remote import validating as command

    if not words:
        raise typer.BadParameter("write what you would write after the word ffmpeg")
    raise typer.Exit(command.run(words or [], machine=machine, as_json=as_json))
