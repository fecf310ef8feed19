"""What can be said of a submission before it runs: problems, with which it fails, and advice."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ffmill.jobs.mending import Word


class Advice(StrEnum):
    """What a command that runs could do better; a closed list, which docs/checking.md explains."""

    CHANGED = "done_differently"
    NOT_CHECKED = "not_checked"
    COPY_SUFFICES = "copy_suffices"
    NO_FASTSTART = "no_faststart"
    SLOW_SEEK = "slow_seek"
    ODD_SIZE = "odd_size"
    RARE_PIXELS = "rare_pixel_format"
    NO_PALETTE = "no_palette"
    CRF_AND_BITRATE = "crf_and_bitrate"
    DECODED_AGAIN = "decoded_again"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One problem, or one piece of advice. Texts are whole sentences without the last dot."""

    code: str  # a FailureCode, the errorCode of a refusal, or an Advice
    message: str  # what is wrong
    command_index: int | None = None  # of the command that it is about, from 0; None: the submission
    hint: str = ""  # how to mend it
    corrected_command: str | None = None  # the command, mended, where there is one sure way


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """A piece of advice on one command."""

    code: Advice
    message: str
    hint: str
    words: Sequence[Word] = ()  # of the command, mended, where there is one sure way


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All that is known of a submission."""

    argvs: Sequence[Sequence[str] | None]  # what ffmpeg gets, of each command; None where that cannot be known
    problems: Sequence[Finding]
    warnings: Sequence[Finding]
