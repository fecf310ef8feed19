"""Every protocol that this ffmpeg has, by its own list, as an input and as an output: to files and to listeners."""

import subprocess
from collections.abc import Iterator

from ffmill import programs
from ffmill.config import Settings
from tests.attacks.cage.case import SOUND, VIDEO, Case, reading

BY_UDP = {"udp", "udplite", "rtp", "srtp", "dtls", "srt", "rist", "prompeg"}
# What gets at a canary where there is no cage, by no more than a name and a path or an address.
FROM_FILES = {"async", "bluray", "cache", "concat", "concatf", "file", "subfile"}
FROM_SERVERS = {
    *("ffrtmpcrypt", "ffrtmphttp", "ftp", "gopher", "gophers", "http", "https", "mmsh", "mmst", "rtmp", "rtmpe"),
    *("rtmps", "rtmpt", "rtmpte", "rtmpts", "sftp", "tcp", "tls", "httpproxy", "dtls", "srt"),
}
TO_SERVERS = FROM_SERVERS - {"mmsh", "mmst"} | {"icecast", "rtp", "srtp", "udp"}
TO_FILES = {"file", "md5", "tee"}


def listed() -> tuple[list[str], list[str]]:
    """The protocols for inputs and for outputs."""
    command = [str(programs.ffmpeg(Settings())), "-hide_banner", "-protocols"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, env={}, stdin=subprocess.DEVNULL).stdout
    inputs, _, outputs = said.partition("Input:")[2].partition("Output:")
    return inputs.split(), outputs.split()


INPUTS, OUTPUTS = listed()


def _generic() -> Iterator[Case]:
    for name in INPUTS:
        yield Case(f"read a file by {name}", reading(f"{name}:{{secret}}"), bare=name in FROM_FILES, fails=True)
        yield Case(
            f"read a URL of a file by {name}", reading(f"{name}://{{secret}}"), bare=name in FROM_FILES, empty=True
        )
        port = "udp" if name in BY_UDP else "port"
        url = f"{name}://127.0.0.1:{{{port}}}/x"
        yield Case(f"reach a listener by {name}", reading(url), bare=name in FROM_SERVERS, empty=True)
    for name in OUTPUTS:
        yield Case(f"write a file by {name}", f"{SOUND} -f wav {name}:{{new}}", bare=name in TO_FILES, fails=True)
        port = "udp" if name in BY_UDP else "port"
        kind = "rtp" if name in {"rtp", "srtp"} else "wav"
        url = f"{name}://127.0.0.1:{{{port}}}/x"
        yield Case(f"send to a listener by {name}", f"{SOUND} -f {kind} {url}", bare=name in TO_SERVERS)


ALL = "-protocol_whitelist " + ",".join(INPUTS)

SPECIFIC = [
    Case("read by file URL", reading("file://{secret}"), bare=True, fails=True),
    Case("read by plain path", reading("{secret}"), bare=True, fails=True),
    Case("read another job's file", reading("{other}"), bare=True, fails=True),
    Case("read another job's file beside", reading("{beside}"), bare=True, fails=True),
    Case("read by a path up and down", reading("../../../../../../../../../../..{secret}"), bare=True, fails=True),
    Case("read by a path through inputs", reading("inputs/../../../../../../../../..{secret}"), bare=True, fails=True),
    Case("read shared memory", reading("{shared}"), bare=True, fails=True),
    Case("subfile", reading("subfile,,start,0,end,20,,:{secret}"), bare=True, fails=True),
    Case("subfile in crypto", reading("crypto:subfile,,start,0,end,20,,:{secret}", "-key 00 -iv 00"), fails=True),
    Case("crypto", reading("crypto:{secret}", f"-decryption_key {'0' * 32} -decryption_iv {'0' * 32}"), bare=True),
    Case("crypto to a file", f"{SOUND} -key {'0' * 32} -iv {'0' * 32} -f wav crypto:{{new}}", bare=True, fails=True),
    Case("concat with an input", reading("concat:inputs/a|{secret}"), {"a": "mine"}, bare=True),
    Case("concat of concat", reading("concat:concat:{secret}|inputs/a"), {"a": "mine"}, bare=True, fails=True),
    Case("concatf of a list", reading("concatf:inputs/a", ALL), {"a": "{secret}\n"}, bare=True, fails=True),
    Case("concatf of a host's list", reading("concatf:{list}", ALL), bare=True, fails=True),
    Case("cache of async of file", reading("cache:async:file:{secret}"), bare=True, fails=True),
    Case("shared in the host's directory", reading("shared:inputs/a", "-cache_dir {dir}"), {"a": "mine"}, bare=True),
    Case("all protocols allowed", reading("http://127.0.0.1:{port}/", ALL), bare=True, fails=True),
    Case("a proxy", reading("http://example.org/", "-http_proxy http://127.0.0.1:{port}/"), bare=True, fails=True),
    Case("a unix socket", reading("unix:{unix}"), bare=True, fails=True),
    Case("a unix socket as a file", reading("{unix}"), fails=True),
    Case("a unix socket written", f"{SOUND} -f wav unix:{{unix}}", bare=True, fails=True),
    Case("an abstract unix socket", reading("unix:{abstract}"), fails=True),
    Case("a new unix socket", f"{SOUND} -listen 1 -f wav unix:{{new}}", fails=True),
    Case("datagrams", f"{SOUND} -f mpegts udp://127.0.0.1:{{udp}}", bare=True, fails=True),
    Case("RTP packets", f"{VIDEO} -f rtp_mpegts rtp://127.0.0.1:{{udp}}", bare=True, fails=True),
    Case("an RTSP server", "-rtsp_transport tcp -i rtsp://127.0.0.1:{port}/x -f null -", bare=True, fails=True),
    Case("an RTSP recorder", f"{SOUND} -f rtsp -rtsp_transport tcp rtsp://127.0.0.1:{{port}}/", bare=True, fails=True),
    Case("SAP", f"{VIDEO} -f sap 'sap://127.0.0.1:1234?announce_addr=127.0.0.1&announce_port={{udp}}'", fails=True),
    Case("WHIP", f"-f lavfi -i testsrc2=s=64x64 {SOUND} -t 1 -f whip http://127.0.0.1:{{port}}/", fails=True),
    Case("IPFS by a gateway", reading("ipfs://x", "-gateway http://127.0.0.1:{port}"), bare=True, fails=True),
    Case(
        "TLS with a host's key",
        reading("tls://127.0.0.1:{port}", "-cert_file {key} -key_file {key}"),
        bare=True,
        fails=True,
    ),
    *(
        Case(f"listen: {url}", reading(url, options), fails=True)
        for url, options in (
            ("http://127.0.0.1:0/", "-listen 1"),
            ("tcp://127.0.0.1:0?listen=1", ""),
            ("rtmp://127.0.0.1:0/", "-listen 1"),
            ("rtsp://127.0.0.1:0/", "-rtsp_flags listen"),
            ("udp://127.0.0.1:0", ""),
            ("srt://127.0.0.1:0?mode=listener", ""),
            ("rist://@127.0.0.1:30000", ""),
            ("unix:mine", "-listen 1"),
        )
    ),
]

# 1 to 4 are its own pipes: a user who owns them may open them anew, and waits for ever for what nobody writes.
_HELD = ("{descriptor}", "0", *map(str, range(5, 12)))
_OPEN = ("{descriptor}", *map(str, range(12)))
DESCRIPTORS = [
    *(Case(f"descriptor {number} by fd", reading("fd:", f"-fd {number}"), empty=True) for number in _OPEN),
    *(Case(f"descriptor {number} by pipe", reading(f"pipe:{number}"), empty=True) for number in _OPEN),
    *(Case(f"descriptor {number} by /dev/fd", reading(f"/dev/fd/{number}"), empty=True) for number in _HELD),
    *(Case(f"descriptor {number} by /proc", reading(f"/proc/self/fd/{number}"), empty=True) for number in _HELD),
    *(
        Case(f"descriptor {number} of the worker", reading(f"/proc/{{worker}}/fd/{number}"), empty=True)
        for number in _OPEN
    ),
]

CASES = [*_generic(), *SPECIFIC, *DESCRIPTORS]
