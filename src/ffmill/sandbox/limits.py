"""The limits of a command."""

from dataclasses import dataclass
from typing import Self

from ffmill.config import Settings
from ffmill.errors import FailureCode

MIB = 1 << 20
STACK_BYTES = 8 * MIB  # of a thread: reserved, counted as data, mostly never used
# So many stacks are allowed for, however many threads are: ffmpeg needs fewer on a machine with 128 cores, and what is
# allowed for stacks can be filled with data between two looks of the watch.
MOST_STACKS = 2048
ARENA_BYTES = 64 * MIB  # address space that malloc sets aside for a thread
UNITS = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one command may use."""

    file_bytes: int  # size of any file it writes
    job_bytes: int  # disk space of the job: inputs and files written
    memory_bytes: int  # resident
    threads: int
    cpu_seconds: int | None = None
    open_files: int = 4096
    files: int = 100_000  # in the job's directory

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The limits that the operator set."""
        return cls(
            file_bytes=settings.max_output_bytes,
            job_bytes=settings.max_job_bytes,
            memory_bytes=settings.max_memory_bytes,
            threads=settings.max_threads,
            cpu_seconds=settings.max_cpu_seconds,
        )

    @property
    def data_bytes(self) -> int:
        """RLIMIT_DATA: memory that is only reserved counts there, stacks above all (setrlimit(2))."""
        return self.memory_bytes + min(self.threads, MOST_STACKS) * STACK_BYTES

    @property
    def address_bytes(self) -> int:
        """RLIMIT_AS, a backstop for what is neither resident nor data."""
        return 2 * self.data_bytes + self.threads * ARENA_BYTES

    def code(self, sentence: str) -> FailureCode:
        """What a job fails of that the limit of this sentence has ended."""
        codes = {
            self.memory_sentence(): FailureCode.MEMORY_LIMIT,
            self.threads_sentence(): FailureCode.THREAD_LIMIT,
            self.open_files_sentence(): FailureCode.FILE_LIMIT,
            self.files_sentence(): FailureCode.FILE_LIMIT,
            self.hidden_sentence(): FailureCode.FILE_LIMIT,
        }
        if self.cpu_seconds is not None:
            codes[self.cpu_sentence()] = FailureCode.CPU_LIMIT
        return codes.get(sentence, FailureCode.DISK_LIMIT)

    def file_sentence(self) -> str:
        """What to say when one file grew too large."""
        return f"a file grew beyond {human(self.file_bytes)} (FFMILL_MAX_OUTPUT_BYTES)"

    def job_sentence(self) -> str:
        """What to say when all files together grew too large."""
        return f"the job's inputs and files grew beyond {human(self.job_bytes)} (FFMILL_MAX_JOB_BYTES)"

    def files_sentence(self) -> str:
        """What to say when there are too many files."""
        return f"the job wrote more than {self.files:,} files"

    def hidden_sentence(self) -> str:
        """What to say when the files cannot be counted."""
        return (
            "the job made what cannot be counted: directories that are closed or nested too deep, or files that are "
            "deleted and still mapped"
        )

    def memory_sentence(self) -> str:
        """What to say when memory ran out."""
        return f"the command needed more than {human(self.memory_bytes)} of memory (FFMILL_MAX_MEMORY_BYTES)"

    def threads_sentence(self) -> str:
        """What to say when there were too many threads."""
        return f"the command started more than {self.threads:,} threads (FFMILL_MAX_THREADS)"

    def cpu_sentence(self) -> str:
        """What to say when it computed for too long."""
        return f"the command needed more than {self.cpu_seconds:,} s of CPU time (FFMILL_MAX_CPU_SECONDS)"

    def open_files_sentence(self) -> str:
        """What to say when there were too many open files."""
        return f"the command had more than {self.open_files:,} files open at once"


def human(size: int) -> str:
    """A size in bytes as a person writes it: `20 GiB`, `1.5 MiB`."""
    unit, name = next((unit, name) for unit, name in UNITS if size >= unit or unit == 1)
    return f"{round(size / unit, 1):g} {name}"
