"""`ffmill jobs …`: what each command takes."""

# ruff: noqa: PLC0415
from pathlib import Path
from typing import Annotated

import typer

from ffmill.cli.commands.panels import JSON

app = typer.Typer(help="Your jobs: list, look at, follow, cancel, download.", no_args_is_help=True)


def _ids(incomplete: str) -> list[str]:
    from ffmill.cli.remote import jobs as command

    return command.ids(incomplete)


JobId = Annotated[str, typer.Argument(metavar="ID", help="As `ffmill jobs list` shows it.", autocompletion=_ids)]


@app.command("list")
def list_jobs(
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many, from the newest.")] = 20,
    status: Annotated[
        str | None, typer.Option(help="Only those: queued, running, succeeded, failed or cancelled.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """List your jobs, the newest first."""
    from ffmill.cli.remote import jobs as command

    command.show_all(limit=limit, status=status, as_json=as_json)


@app.command()
def show(job: JobId, as_json: JSON = False) -> None:
    """Show a job."""
    from ffmill.cli.remote import jobs as command

    command.show(job, as_json=as_json)


@app.command()
def logs(job: JobId, as_json: JSON = False) -> None:
    """Print a job's log."""
    from ffmill.cli.remote import jobs as command

    command.logs(job, as_json=as_json)


@app.command()
def watch(job: JobId, as_json: JSON = False) -> None:
    """Follow a job to its end; exit status 1 unless it succeeds."""
    from ffmill.cli.remote import jobs as command

    raise typer.Exit(command.watch(job, as_json=as_json))


@app.command()
def cancel(job: JobId, as_json: JSON = False) -> None:
    """Cancel a job."""
    from ffmill.cli.remote import jobs as command

    command.cancel(job, as_json=as_json)


@app.command()
def download(
    job: JobId,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]…", help="Which outputs; all unless named.")
    ] = None,
    *,
    output_dir: Annotated[Path, typer.Option("--output-dir", help="Where to.")] = Path(),
    as_json: JSON = False,
) -> None:
    """Download a job's outputs."""
    from ffmill.cli.remote import jobs as command

    raise typer.Exit(command.download(job, names or [], output_dir, as_json=as_json))
