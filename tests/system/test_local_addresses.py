"""Which addresses are the host's own, in a network namespace that has public ones."""

import os
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(os.geteuid() != 0, reason="makes a network namespace; needs root"),
]

SETUP = """
ip link set lo up
ip address add 8.8.8.1/24 dev lo
ip address add 8.8.8.2/24 dev lo
ip address add 2606:4700::1/128 dev lo
ip route add local 9.9.9.0/24 dev lo
ip link add out type bridge
ip link set out up
ip route add default dev out
exec "$@"
"""
PROGRAM = """
from ipaddress import ip_address
from ffmill.net.local import is_local
for address in ("8.8.8.1", "8.8.8.2", "2606:4700::1", "9.9.9.9", "8.8.4.4", "2606:4700::2"):
    print(address, is_local(ip_address(address)))
"""


def test_every_address_of_this_host_is_known_as_its_own() -> None:
    """A secondary one too, and a range that is routed to it; others not, whether there is a way to them or none."""
    words = ["unshare", "--net", "sh", "-ec", SETUP, "sh", sys.executable, "-c", PROGRAM]
    ran = subprocess.run(words, check=True, capture_output=True, text=True)
    told = dict(line.split() for line in ran.stdout.splitlines())
    assert [address for address, local in told.items() if local == "True"] == [
        "8.8.8.1",
        "8.8.8.2",
        "2606:4700::1",
        "9.9.9.9",
    ]
    assert len(told) == 6
