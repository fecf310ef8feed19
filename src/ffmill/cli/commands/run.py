"""`ffmill run`: a job with names of your own for its files, or one that is written down as JSON."""

# ruff: noqa: PLC0415
from pathlib import Path
from typing import Annotated

import typer

from ffmill.cli.commands.panels import JSON


def run(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[JOB.json | -- COMMAND]",
            help="A job body as JSON (- for standard input), or a command after --, with {{names}} in it.",
            show_default=False,
        ),
    ] = None,
    *,
    inputs: Annotated[
        list[str] | None,
        typer.Option("-i", "--input", metavar="NAME=PATH-OR-URL", help="An input; may be given again."),
    ] = None,
    outputs: Annotated[
        list[str] | None, typer.Option("-o", "--output", metavar="NAME", help="An output or a pattern; again for more.")
    ] = None,
    commands: Annotated[
        list[str] | None, typer.Option("-c", "--command", metavar="TEXT", help="A command as one word; again for more.")
    ] = None,
    output_dir: Annotated[Path, typer.Option("--output-dir", help="Where outputs come down to.")] = Path(),
    machine: Annotated[str | None, typer.Option(metavar="NAME", help="Machine to run it on; cpu unless set.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait and download, or print the id at once.")] = True,
    as_json: JSON = False,
) -> None:
    """Run a job: ffmill run -i video=in.mov -o out.mp4 -- -i {{video}} {{out.mp4}}"""
    from ffmill.cli.remote import bodies
    from ffmill.cli.remote import run as command

    body = bodies.body_of(
        words or [], inputs=inputs or [], outputs=outputs or [], commands=commands or [], machine=machine
    )
    raise typer.Exit(command.run(body, output_dir, wait=wait, as_json=as_json))
