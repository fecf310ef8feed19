"""Under which user id the embedded PostgreSQL runs: it refuses root, and users that have no name."""

import os
import pwd
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ffmill import tether
from ffmill.errors import CannotStart


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Whom the server takes itself for."""

    run_as: tether.As
    uid: int = 0
    gid: int = 0

    def command(self, program: Sequence[str], *, ending: signal.Signals = signal.SIGKILL) -> list[str]:
        """The argument list that runs `program` as this owner, tied to this process: with its end it gets `ending`."""
        return tether.command(program, run_as=self.run_as, uid=self.uid, gid=self.gid, ending=ending)

    def take(self, directory: Path) -> None:
        """Makes a directory of ours this owner's; raises CannotStart when it belongs to a third."""
        if self.run_as == "user" and directory.stat().st_uid == os.geteuid():
            os.chown(directory, self.uid, self.gid)
        self.check(directory)

    def check(self, directory: Path) -> None:
        """Raises CannotStart when a directory is not this owner's."""
        if (owned_by := directory.stat().st_uid) != self._kernel_uid:
            raise CannotStart(
                f"{directory} belongs to user id {owned_by}, and PostgreSQL would run as {self._kernel_uid} here: "
                "start ffmill as that user, or choose another --data-dir"
            )

    @property
    def _kernel_uid(self) -> int:
        return self.uid if self.run_as == "user" else os.geteuid()

    def check_reach(self, directory: Path) -> None:
        """Raises CannotStart when a directory above keeps another user out: we change no mode of a parent."""
        if closed := [parent for parent in directory.parents if not parent.stat().st_mode & 0o001]:
            raise CannotStart(
                f"PostgreSQL does not run as root, user namespaces are forbidden here, and {closed[0]} lets no other "
                "user pass: choose another --data-dir, run ffmill as an ordinary user, or set FFMILL_DATABASE_URL"
            )


@cache
def find_owner() -> Owner:
    """Ourselves, as an ordinary user; else somebody's id in a user namespace, where the files stay ours; else, as
    root where namespaces are forbidden, that user."""
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return Owner(run_as="self")
    nobody = _nobody()
    within = Owner(run_as="namespace", uid=nobody.pw_uid, gid=nobody.pw_gid)
    if _works(within):
        return within
    if os.geteuid() == 0:
        return Owner(run_as="user", uid=nobody.pw_uid, gid=nobody.pw_gid)
    raise CannotStart(
        f"PostgreSQL needs a user with a name, and {os.geteuid()} has none: "
        "add it to /etc/passwd, or set FFMILL_DATABASE_URL"
    )


def _has_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid))
    except KeyError:
        return False


def _nobody() -> pwd.struct_passwd:
    users = sorted((user for user in pwd.getpwall() if user.pw_uid != 0), key=lambda user: user.pw_name != "nobody")
    if not users:
        raise CannotStart("PostgreSQL does not run as root, and there is no other user: set FFMILL_DATABASE_URL")
    return users[0]


def _works(owner: Owner) -> bool:
    return subprocess.run(owner.command(["/bin/true"]), check=False, capture_output=True).returncode == 0
