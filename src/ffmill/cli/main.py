"""The command line. Each command imports what it needs when it runs, so that `ffmill --help` is quick."""

# ruff: noqa: PLC0415
import sys
from pathlib import Path
from typing import Annotated

import typer

from ffmill.errors import FfmillError

app = typer.Typer(
    name="ffmill",
    help="Runs FFmpeg commands as jobs behind a REST API.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
keys_app = typer.Typer(help="API keys of the accounts.", no_args_is_help=True)
accounts_app = typer.Typer(help="Accounts, and what each gets of the workers.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")
app.add_typer(accounts_app, name="accounts")

DataDir = Annotated[
    Path | None, typer.Option(help="Directory that holds everything ffmill writes (FFMILL_DATA_DIR; ./ffmill-data).")
]
Host = Annotated[str | None, typer.Option(help="Address to listen on (FFMILL_HOST; 127.0.0.1).")]
Port = Annotated[int | None, typer.Option(help="Port to listen on, 0 for a free one (FFMILL_PORT; 8000).")]


def main() -> None:
    """Runs the command line: an error of ours is one line on standard error and exit status 1."""
    try:
        app()
    except FfmillError as error:
        sys.exit(f"ffmill: {error.message}")


@app.command()
def serve(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Run the whole service: database, API and workers, until Ctrl-C."""
    from ffmill import config, logs
    from ffmill.cli import serve as command

    settings = config.load_settings(host=host, port=port, data_dir=data_dir)
    logs.configure(settings, process="serve")
    command.run(settings)


@app.command()
def api(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Run the API alone."""
    from ffmill import config, logs
    from ffmill.api import app as command
    from ffmill.cli.gate import pass_through

    settings = config.load_settings(host=host, port=port, data_dir=data_dir)
    logs.configure(settings, process="api")
    pass_through()
    command.run(settings)


@app.command()
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


@app.command()
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


@app.command()
def doctor(data_dir: DataDir = None) -> None:
    """Check everything ffmill needs, and say how to mend what is missing."""
    from ffmill.cli import doctor as command
    from ffmill.config import load_settings

    command.run(load_settings(data_dir=data_dir))


@app.command()
def workers(data_dir: DataDir = None) -> None:
    """List the workers, and what each has at work."""
    from ffmill.cli import workers as command
    from ffmill.config import load_settings

    command.show(load_settings(data_dir=data_dir))


@accounts_app.command("list")
def list_accounts(data_dir: DataDir = None) -> None:
    """List all accounts with their shares."""
    from ffmill.cli import accounts as command
    from ffmill.config import load_settings

    command.show(load_settings(data_dir=data_dir))


@accounts_app.command("set")
def set_account(
    name: Annotated[str, typer.Argument(help="As `ffmill accounts list` shows it.")],
    weight: Annotated[float | None, typer.Option(min=0.001, help="Its share of the workers; 1 unless set.")] = None,
    max_running: Annotated[
        int | None, typer.Option(min=0, help="Jobs that it may have at work at once; 0 takes the ceiling away.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Set what an account gets of the workers, from now on."""
    from ffmill.cli import accounts as command
    from ffmill.config import load_settings

    command.change(load_settings(data_dir=data_dir), name, weight=weight, max_running=max_running)


@keys_app.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    account: Annotated[str, typer.Option(help="Whose key; an account that is not there is made.")] = "owner",
    admin: Annotated[bool, typer.Option("--admin", help="It may see the whole installation, too.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Make a key and print it; it is never to be seen again."""
    from ffmill.cli import keys as command
    from ffmill.config import load_settings

    command.create(load_settings(data_dir=data_dir), name, account, admin=admin)


@keys_app.command("list")
def list_keys(data_dir: DataDir = None) -> None:
    """List all keys, the revoked ones too."""
    from ffmill.cli import keys as command
    from ffmill.config import load_settings

    command.show(load_settings(data_dir=data_dir))


@keys_app.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(metavar="PREFIX-OR-ID", help="As `ffmill keys list` shows it.")],
    data_dir: DataDir = None,
) -> None:
    """Revoke a key, from the next request on."""
    from ffmill.cli import keys as command
    from ffmill.config import load_settings

    command.revoke(load_settings(data_dir=data_dir), key)


if __name__ == "__main__":
    main()
