"""How a POSIX shell splits words, one character at a time: slow, plain, and written apart from what it is to check."""

BLANKS = " \t\r\n"


def reference(command: str) -> list[str] | int:
    """The words of a command, or where the quote stands that is never closed (XCU 2.2, and `words` on line ends)."""
    words: list[str] = []
    word: str | None = None  # None between words
    at = 0
    while at < len(command):
        character = command[at]
        if character in BLANKS:
            words += [] if word is None else [word]
            word, at = None, at + 1
        elif character == "'":
            end = command.find("'", at + 1)
            if end < 0:
                return at
            word, at = (word or "") + command[at + 1 : end], end + 1
        elif character == '"':
            inside, end = _double(command, at + 1)
            if end < 0:
                return at
            word, at = (word or "") + inside, end
        elif character == "\\":
            escaped = "" if _line_end(command, at + 1) else command[at + 1 : at + 2]
            word = (word or "") + escaped if escaped else word
            at += 1 + (_line_end(command, at + 1) or 1)
        else:
            word, at = (word or "") + character, at + 1
    return words if word is None else [*words, word]


def _double(command: str, at: int) -> tuple[str, int]:
    """What stands in double quotes up to their end, and the place behind it; a place of -1 where they never end."""
    inside = ""
    while at < len(command):
        character = command[at]
        if character == '"':
            return inside, at + 1
        if character != "\\":
            inside, at = inside + character, at + 1
        elif skipped := _line_end(command, at + 1):
            at += 1 + skipped
        else:
            following = command[at + 1 : at + 2]
            inside += following if following in ("$", "`", '"', "\\") else "\\" + following
            at += 2
    return "", -1


def _line_end(command: str, at: int) -> int:
    """How many characters the line end at `at` has; 0 where there is none."""
    return 2 if command.startswith("\r\n", at) else int(command.startswith("\n", at))
