"""The command line. Each command imports what it needs when it runs, so that `ffmill --help` is quick."""

# ruff: noqa: PLC0415
import json
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from ffmill.cli.commands import accounts, ffmpeg, jobs, keys, login, probe, run, secrets
from ffmill.cli.commands.panels import OPERATORS, USERS
from ffmill.cli.options import DataDir
from ffmill.errors import FfmillError

app = typer.Typer(
    name="ffmill",
    help="Runs FFmpeg commands as jobs behind a REST API.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command(cls=ffmpeg.WordsOfFfmpeg, help=ffmpeg.FFMPEG_HELP, rich_help_panel=USERS)(ffmpeg.ffmpeg)
app.command(rich_help_panel=USERS)(run.run)
app.add_typer(jobs.app, name="jobs", rich_help_panel=USERS)
app.command(rich_help_panel=USERS)(probe.probe)
app.command(cls=ffmpeg.WordsOfFfmpeg, rich_help_panel=USERS)(ffmpeg.validate)
app.command(rich_help_panel=USERS)(login.login)
app.add_typer(keys.app, name="keys", rich_help_panel=OPERATORS)
app.add_typer(accounts.app, name="accounts", rich_help_panel=OPERATORS)
app.add_typer(secrets.webhook_secret, name="webhook-secret", rich_help_panel=OPERATORS)
app.add_typer(secrets.signing_keys, name="signing-keys", rich_help_panel=OPERATORS)

Host = Annotated[str | None, typer.Option(help="Address to listen on (FFMILL_HOST; 127.0.0.1).")]
Port = Annotated[int | None, typer.Option(help="Port to listen on, 0 for a free one (FFMILL_PORT; 8000).")]


def main() -> None:
    """Runs the command line: an error of ours is one line on standard error and exit status 1."""
    try:
        app()
    except FfmillError as error:
        if "--json" in sys.argv:
            typer.echo(json.dumps({"error": {"message": error.message}}))
        from ffmill.cli.remote.printable import printable

        sys.exit(f"ffmill: {printable(error.message)}")


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ffmill {version('ffmill')}")
        raise typer.Exit


@app.callback()
def options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    """Runs FFmpeg commands as jobs behind a REST API."""


@app.command(rich_help_panel=OPERATORS)
def serve(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Run the whole service: database, API and workers, until Ctrl-C."""
    from ffmill import config, logs
    from ffmill.cli import serve as command

    settings = config.load_settings(host=host, port=port, data_dir=data_dir)
    logs.configure(settings, process="serve")
    command.run(settings)


@app.command(rich_help_panel=OPERATORS)
def api(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Run the API alone."""
    from ffmill import config, logs
    from ffmill.api import app as command
    from ffmill.cli.gate import pass_through

    settings = config.load_settings(host=host, port=port, data_dir=data_dir)
    logs.configure(settings, process="api")
    pass_through()
    command.run(settings)


@app.command(rich_help_panel=OPERATORS)
def worker(
    machine: Annotated[str, typer.Option(help="Pool to work for: cpu, nvidia, or one that you name.")] = "cpu",
    concurrency: Annotated[
        int | None, typer.Option(help="Jobs at once (FFMILL_CONCURRENCY; the number of cores).")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Cores that one job may use (FFMILL_THREADS; all).")] = None,
    name: Annotated[
        str | None,
        typer.Option(
            envvar="FFMILL_WORKER_NAME",
            help="A name that stays over restarts, so that the worker takes back its jobs at once; one process each.",
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Run one worker."""
    from ffmill import config, logs

    try:
        config.check_machine(machine)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error

    from ffmill.cli.gate import pass_through
    from ffmill.worker import main as command

    settings = config.load_settings(concurrency=concurrency, threads=threads, data_dir=data_dir)
    logs.configure(settings, process=f"worker-{machine}")
    pass_through()
    command.run(settings, machine=machine, name=name)


@app.command(rich_help_panel=OPERATORS)
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database's schema up to date."""
    from ffmill.cli.database import reachable
    from ffmill.config import load_settings
    from ffmill.db import migrate as command

    with reachable(load_settings(data_dir=data_dir)) as url:
        typer.echo(f"the schema is at {command.migrate(url)}")


@app.command(hidden=True)
def setup() -> None:
    """What `serve` does before it starts the others."""
    from ffmill import config
    from ffmill.cli import setup as command

    command.run(config.load_settings())


@app.command(rich_help_panel=OPERATORS)
def doctor(data_dir: DataDir = None) -> None:
    """Check everything ffmill needs, and say how to mend what is missing."""
    from ffmill.cli import doctor as command
    from ffmill.config import load_settings

    command.run(load_settings(data_dir=data_dir))


@app.command(rich_help_panel=OPERATORS)
def sweep(
    check: Annotated[
        bool, typer.Option("--check", help="Compare all rows and files instead, and mend what does not match.")
    ] = False,
    older_than: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="With --check: files younger than this are left alone.")
    ] = 86_400,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --check: only tell.")] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="With --check: also where database or store is empty.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Delete now what has been kept for long enough, as workers do every few minutes."""
    from ffmill import config, logs
    from ffmill.cli import sweep as command

    settings = config.load_settings(data_dir=data_dir)
    logs.configure(settings, process="sweep")
    if check:
        command.check(settings, older_than_seconds=older_than, dry_run=dry_run, anyway=anyway)
    elif dry_run or anyway:
        raise typer.BadParameter("--dry-run and --anyway go with --check")
    else:
        command.expire(settings)


@app.command(rich_help_panel=OPERATORS)
def workers(data_dir: DataDir = None) -> None:
    """List the workers, and what each has at work."""
    from ffmill.cli import workers as command
    from ffmill.config import load_settings

    command.show(load_settings(data_dir=data_dir))


@app.command(rich_help_panel=OPERATORS)
def audit(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many entries, from the newest.")] = 50,
    data_dir: DataDir = None,
) -> None:
    """Show who did what to accounts, keys, secrets and limits."""
    from ffmill.cli import audit as command
    from ffmill.config import load_settings

    command.show(load_settings(data_dir=data_dir), limit)


if __name__ == "__main__":
    main()
