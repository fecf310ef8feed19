"""`ffmill accounts …`: what each command takes."""

# ruff: noqa: PLC0415
from typing import Annotated

import typer

from ffmill.cli.options import DataDir

app = typer.Typer(help="Accounts, and what each may and gets.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="As `ffmill accounts list` shows it.")]
Paid = Annotated[bool | None, typer.Option("--paid/--unpaid", help="Whether it has the higher rate limit.")]
Weight = Annotated[float | None, typer.Option(min=0.001, help="Its share of the workers; 1 unless set.")]
MaxRunning = Annotated[
    int | None, typer.Option(min=0, help="Jobs that it may have at work at once; 0 takes the ceiling away.")
]
RateLimit = Annotated[str | None, typer.Option(metavar="N", help="Requests a second; 0: any number; none: as for any.")]
Machines = Annotated[str | None, typer.Option(help="Machines that it may use, as cpu,nvidia; none: all.")]
LongestJob = Annotated[str | None, typer.Option(metavar="SECONDS", help="Its longest job; none: as for any.")]
LargestInput = Annotated[str | None, typer.Option(metavar="GB", help="Its largest input; none: as for any.")]
Month = Annotated[str | None, typer.Option(metavar="GB", help="In and out in a calendar month; none: as for any.")]
Stored = Annotated[str | None, typer.Option(metavar="GB", help="Outputs and uploads kept; none: as for any.")]


def _days(what: str) -> typer.models.OptionInfo:
    return typer.Option(metavar="DAYS", help=f"Days for which its {what} are kept; none: as for any.")


KeepOutputs = Annotated[str | None, _days("outputs")]
KeepUploads = Annotated[str | None, _days("uploads")]
KeepLogs = Annotated[str | None, _days("jobs' logs")]
KeepJobs = Annotated[str | None, _days("ended jobs")]


@app.command("list")
def list_accounts(data_dir: DataDir = None) -> None:
    """List all accounts with their shares."""
    from ffmill.cli import accounts as command
    from ffmill.config import load_settings

    command.show_all(load_settings(data_dir=data_dir))


@app.command()
def show(name: Name, data_dir: DataDir = None) -> None:
    """Show all of an account's terms."""
    from ffmill.cli import accounts as command
    from ffmill.config import load_settings

    command.show(load_settings(data_dir=data_dir), name)


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Printable, and none that another account has.")],
    *,
    paid: Paid = None,
    weight: Weight = None,
    max_running: MaxRunning = None,
    rate_limit: RateLimit = None,
    machines: Machines = None,
    max_timeout_seconds: LongestJob = None,
    max_input_gb: LargestInput = None,
    max_month_gb: Month = None,
    max_stored_gb: Stored = None,
    keep_outputs_days: KeepOutputs = None,
    keep_uploads_days: KeepUploads = None,
    keep_logs_days: KeepLogs = None,
    keep_jobs_days: KeepJobs = None,
    data_dir: DataDir = None,
) -> None:
    """Make an account. What is not named holds as for any; a GB has 10⁹ bytes."""
    from ffmill.cli import accounts as command
    from ffmill.config import load_settings

    command.create(load_settings(data_dir=data_dir), name, command.terms_in(context.params))


@app.command("set")
def set_account(
    context: typer.Context,
    name: Name,
    *,
    paid: Paid = None,
    weight: Weight = None,
    max_running: MaxRunning = None,
    rate_limit: RateLimit = None,
    machines: Machines = None,
    max_timeout_seconds: LongestJob = None,
    max_input_gb: LargestInput = None,
    max_month_gb: Month = None,
    max_stored_gb: Stored = None,
    keep_outputs_days: KeepOutputs = None,
    keep_uploads_days: KeepUploads = None,
    keep_logs_days: KeepLogs = None,
    keep_jobs_days: KeepJobs = None,
    data_dir: DataDir = None,
) -> None:
    """Set what is named, from now on. A GB has 10⁹ bytes."""
    from ffmill.cli import accounts as command
    from ffmill.config import load_settings

    command.change(load_settings(data_dir=data_dir), name, command.terms_in(context.params))
