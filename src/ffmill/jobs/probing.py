"""Probes: jobs whose program is ffprobe, of one input and one small output, which no list shows."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from ffmill.accounts.model import Account
from ffmill.errors import BadRequest, FailureCode, Unavailable
from ffmill.jobs import names
from ffmill.jobs.command import Resolved
from ffmill.jobs.failure import Failure
from ffmill.jobs.model import Job, Status, Submission

OUTPUT = "probe.json"
MOST_BYTES = 4 << 20  # of what ffprobe tells: tags and chapters may be made to have no end
WAIT_SECONDS = 55  # from the request to its answer: less than the minute that proxies mostly leave
USUAL_SECONDS, MOST_SECONDS = 30, 50  # of the attempt, fetching included
PRIORITY = 10  # somebody waits for it
SHOWN = ("-show_format", "-show_streams", "-show_chapters")

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,16}\Z")
_PASSING = frozenset({FailureCode.WORKER_FAULT, FailureCode.WORKER_LOST, FailureCode.RULES_CHANGED})


def submission(account: Account, url: str, machines: tuple[str, ...], timeout_seconds: int | None) -> Submission:
    """The job that probes what is behind a URL: on `cpu`, or on the first machine that the account may use."""
    name = name_of(url)
    usual = min(USUAL_SECONDS, account.terms.max_timeout_seconds or USUAL_SECONDS)
    return Submission(
        input_files={name: url},
        output_files=(OUTPUT,),
        ffmpeg_commands=(f"ffprobe {' '.join(SHOWN)} {{{{{name}}}}}",),  # for whoever reads the row; it runs `resolve`
        machine=_machine(account.terms.machines, machines),
        timeout_seconds=timeout_seconds or usual,
        priority=PRIORITY,
        program="ffprobe",
    )


def _machine(allowed: Sequence[str] | None, machines: Sequence[str]) -> str:
    usable = [machine for machine in machines if allowed is None or machine in allowed] or machines
    return "cpu" if "cpu" in usable else usable[0]


def name_of(url: str) -> str:
    """What the input is called: some demuxers go by the suffix, and nothing else of a URL is anybody's business."""
    suffix = _SUFFIX.search(urlsplit(url).path)
    return f"media{suffix[0].lower() if suffix else ''}"


def resolve(asked: Submission | Job) -> Resolved:
    """The words that ffprobe gets."""
    aliases = names.aliases(list(asked.input_files))
    (alias,) = aliases.values()
    argv = ("-of", "json", *SHOWN, "-o", f"outputs/{OUTPUT}", f"inputs/{alias}")
    return Resolved(argvs=(argv,), aliases=aliases, warnings=())


def refusal(job: Job) -> BadRequest | Unavailable | None:
    """What to answer to a probe that has ended without success; None to one that has succeeded.

    What would go the same way again is a BadRequest, what may pass is Unavailable.
    """
    if job.status is Status.SUCCEEDED:
        return None
    if job.error is None:  # cancelled: by our own limit, because we stop, or by its owner
        return too_late()
    if job.error.code in _PASSING:
        return Unavailable(f"the probe failed for a reason of ours; try again: {job.error.summary}")
    return BadRequest(_why(job, job.error))


def too_late() -> Unavailable:
    """The probe waited for a worker, or for its input, longer than a request may."""
    return Unavailable(f"the probe was not done, within {WAIT_SECONDS} s at most; try again, or run it as a job")


def of_url(job_message: str, name: str) -> str:
    """A message about the input of that name, said of the `url` that the client knows."""
    for began in (f"input_files: {names.shown(name)}: ", f'input "{name}" '):
        job_message = job_message.replace(began, "url: ", 1)
    return job_message


def _why(job: Job, failure: Failure) -> str:
    (name,) = job.input_files
    match failure.code:
        case FailureCode.INPUT_NOT_MEDIA:
            said = failure.detail.rpartition("\n")[2].replace(f"inputs/{name}: ", "")
            return f"url: this is no media that FFmpeg can read: {said or failure.summary}"
        case FailureCode.TIME_LIMIT:
            return (
                f"url: fetching and reading it took longer than {job.timeout_seconds} s: "
                f"give a larger timeout_seconds, up to {MOST_SECONDS}"
            )
        case FailureCode.DISK_LIMIT if job.total_input_bytes is not None:
            return f"url: what ffprobe tells of it is longer than {MOST_BYTES >> 20} MiB"
        case _:
            return of_url(failure.summary, name)
