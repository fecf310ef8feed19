"""FFmpeg ran into a limit of the machine."""

from ffmill.diagnosis.rule import Rule, Says
from ffmill.errors import FailureCode

RULES = (
    Rule(
        r".*(?:No space left on device|Disk quota exceeded)",
        Says(
            FailureCode.DISK_LIMIT,
            "there was no more room on disk for what the command writes",
            "write less: a lower bit rate, a shorter piece, or several jobs in place of one",
        ),
    ),
    Rule(
        r".*: File too large",
        Says(
            FailureCode.DISK_LIMIT,
            "a file that the command writes became larger than a file may be",
            "write less: a lower bit rate, a shorter piece, or segments (-f segment) in place of one file",
        ),
    ),
    Rule(
        r".*(?:Cannot allocate memory|malloc of size \d+ failed)",
        Says(
            FailureCode.MEMORY_LIMIT,
            "FFmpeg got no more memory",
            "make the picture smaller, keep fewer frames (reverse, loop, tile), or give -threads 1",
        ),
    ),
    Rule(
        r".*(?:pthread_create|creating thread|thread creation).*(?:failed|Resource temporarily unavailable)",
        Says(
            FailureCode.THREAD_LIMIT,
            "FFmpeg may not start so many threads",
            "give -threads 1, or fewer inputs and filters in one command",
        ),
    ),
)
