"""Programs that make system calls and nothing else, written byte by byte: no compiler is needed, no libc in between.

They stand for whoever has taken ffmpeg over, and, since they start in no time, for its first instruction. x86_64 only.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

ADDRESS = 0x400000  # where the file is mapped
HEADERS = 64 + 56  # struct Elf64_Ehdr and Elf64_Phdr (elf(5))
ROOM_BYTES = 1 << 16  # after the file, for what calls write
CALL_BYTES, RESULT_BYTES = 7 * 8, 8
SYSCALLS = {"write": 1, "exit": 60}

# rbx: the table of calls; r12: where the next result goes; r13: how many calls are left
_LOOP = bytes.fromhex(
    "488b03"  # mov rax, [rbx]
    "488b7b08"  # mov rdi, [rbx+8]
    "488b7310"  # mov rsi, [rbx+16]
    "488b5318"  # mov rdx, [rbx+24]
    "4c8b5320"  # mov r10, [rbx+32]
    "4c8b4328"  # mov r8, [rbx+40]
    "4c8b4b30"  # mov r9, [rbx+48]
    "0f05"  # syscall
    "49890424"  # mov [r12], rax
    "4883c338"  # add rbx, 56
    "4983c408"  # add r12, 8
    "41ffcd"  # dec r13d
)


@dataclass(frozen=True, slots=True)
class Room:
    """An argument: the address of bytes that a call may write, zero at first."""

    offset: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A system call; bytes are handed over by address."""

    number: int
    arguments: tuple[int | bytes | Room, ...] = ()


def program(calls: Sequence[Call], *, tell: bool = True) -> bytes:
    """An executable that makes the calls, in order, and ends with exit code 0.

    With `tell` it writes what each returned to standard output: 8 bytes each, signed, an error as -errno.
    """
    told = Call(SYSCALLS["write"], (1, Room(), 8 * len(calls)))
    table = [*calls, *([told] if tell else []), Call(SYSCALLS["exit"], (0,))]
    start = _start(len(table))
    data_at = ADDRESS + HEADERS + len(start) + CALL_BYTES * len(table)
    data, rows = bytearray(), bytearray()
    results_at = data_at + sum(len(word) for call in table for word in call.arguments if isinstance(word, bytes))
    for call in table:
        row = [call.number]
        for word in call.arguments:
            if isinstance(word, Room):
                row.append(results_at + word.offset)
            elif isinstance(word, bytes):
                row.append(data_at + len(data))
                data += word
            else:
                row.append(word % (1 << 64))
        rows += struct.pack("<7Q", *row, *[0] * (7 - len(row)))
    return _executable(_located(start, results_at) + rows + data)


def results(told: bytes) -> list[int]:
    """What each call returned."""
    return list(struct.unpack(f"<{len(told) // RESULT_BYTES}q", told))


def _start(calls: int) -> bytes:
    """Room for the addresses, the loop, and its jump back."""
    back = -(len(_LOOP) + 2)
    setting = b"\x48\xbb" + bytes(8) + b"\x49\xbc" + bytes(8) + b"\x41\xbd" + struct.pack("<I", calls)
    return setting + _LOOP + b"\x75" + struct.pack("<b", back)


def _located(start: bytes, results_at: int) -> bytes:
    table_at = ADDRESS + HEADERS + len(start)
    return b"\x48\xbb" + struct.pack("<Q", table_at) + b"\x49\xbc" + struct.pack("<Q", results_at) + start[20:]


def _executable(code: bytes) -> bytes:
    size = HEADERS + len(code)
    identity = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = identity + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, ADDRESS + HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 7, 0, ADDRESS, ADDRESS, size, size + ROOM_BYTES, 0x1000)
    return header + segment + code
