"""A public server that redirects: each place that it names is read and checked as if the client had named it."""

import base64

import pytest

from ffmill.net.failures import REFUSED
from ffmill.worker.fetch import MOST_REDIRECTS
from tests.attacks.ssrf.cases import CASES, Case
from tests.attacks.ssrf.conftest import ALLOW, OURS, Begin, Serve
from tests.integration.origin import Script, origin, redirect, reply

STATUSES = [301, 302, 303, 307, 308]
ELSEWHERE = "http://127.0.0.2:81/"
ZONE = {"inside.example": [["10.0.0.1"]], "localhost": [["::1"]], "public.example": [["127.0.0.3"]]}

LOCATIONS = [
    "//127.0.0.2/x",
    "//169.254.169.254/latest/meta-data/",
    "//2130706434/",
    "//0x7f.2/",
    "//[::1]/",
    "//[::ffff:a9fe:a9fe]/",
    "//inside.example/",
    "//public.example@127.0.0.2/",
    "//127.0.0.2#@public.example/",
    "//public.example\\@127.0.0.2/",
    "//127。0。0。2/",
    "HTTPS://127.0.0.2/",
    "http://LOCALHOST/",
    "http://user:pass@127.0.0.2:6379/",
    "http:\\\\127.0.0.2\\",
    "\\\\127.0.0.2\\x",
    "/\\127.0.0.2/x",
    "\\/127.0.0.2/x",
    "///127.0.0.2/x",
    "////127.0.0.2/x",
    "/.//127.0.0.2/x",
    "http:127.0.0.2/x",
    "http:/127.0.0.2/x",
    "http:///127.0.0.2/x",
    "https:127.0.0.2/x",
    "\t//127.0.0.2/x",
    "/\t/127.0.0.2/x",
    "ht\ttp://127.0.0.2/",
    "@127.0.0.2/",
    ":81@127.0.0.2/",
    ".127.0.0.2/",
    "?http://127.0.0.2/",
    "#http://127.0.0.2/",
    "//%31%32%37.0.0.2/",
    "//127.0.0.2:+81/",
    "//127.0.0.2:65617/",
    "http://[::1%25lo]/",
    "subfile,,start,0,end,9,,:/etc/passwd",
]
SCHEMES = [
    "file:///etc/passwd",
    "FILE:///etc/passwd",
    "file:/etc/passwd",
    "file://127.0.0.2/etc/passwd",
    "gopher://127.0.0.2:6379/_FLUSHALL",
    "dict://127.0.0.2:11211/stats",
    "ftp://127.0.0.2/",
    "ldap://127.0.0.2/",
    "tftp://127.0.0.2/x",
    "ws://127.0.0.2/",
    "data:text/plain,x",
    "data:video/mp4;base64,AAAA",
    "javascript:alert(1)",
    "about:blank",
    "jar:http://127.0.0.2!/x",
    "view-source:http://127.0.0.2/",
    "unix:///run/docker.sock",
    "http+unix://%2Frun%2Fdocker.sock/info",
    "s3://bucket/key",
    "concat:/etc/passwd|/etc/hosts",
    "pipe:0",
]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("depth", range(1, MOST_REDIRECTS + 1))
async def test_no_chain_of_redirects_leads_to_a_refused_address(status: int, depth: int, serve: Serve) -> None:
    scripts = [*(redirect(f"/{n}", status) for n in range(1, depth)), redirect(ELSEWHERE, status)]
    async with serve(*scripts) as (served, attack):
        outcome = await attack.on(served.url())
    assert {*attack.dialled} == {(OURS, served.port)}
    assert _is_refused(outcome.said, status)


@pytest.mark.parametrize("location", LOCATIONS, ids=ascii)
async def test_a_location_leads_nowhere_but_to_where_it_is_allowed(location: str, serve: Serve) -> None:
    """It is refused, or is a path of the same server."""
    async with serve(redirect(location), reply(b"stayed"), zone=ZONE) as (served, attack):
        await attack.on(served.url())
    assert {*attack.dialled} == {(OURS, served.port)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_url_of_the_table_is_no_better_as_a_location(case: Case, serve: Serve) -> None:
    location = "".join(char for char in case.url if char >= " ")  # a header holds no others
    location = location.encode().decode("latin-1")  # as servers write other scripts
    async with serve(redirect(location), reply(b"stayed"), zone=ZONE) as (served, attack):
        await attack.on(served.url())
    assert {*attack.dialled} <= {(OURS, served.port)}


@pytest.mark.parametrize("location", SCHEMES)
async def test_a_redirect_to_another_scheme_is_refused(location: str, serve: Serve) -> None:
    async with serve(redirect(location), reply(b"stayed")) as (served, attack):
        outcome = await attack.on(served.url())
    assert len(served.requests) == 1
    assert outcome.status in (None, 302)
    assert "is not an http or https URL" in outcome.said or "answered 302" in outcome.said


@pytest.mark.parametrize(
    "script",
    [
        *(pytest.param(redirect(ELSEWHERE, status), id=f"{status}") for status in (300, 304, 305, 306, 310, 399)),
        *(
            pytest.param(reply(b"here", status=status, headers={"Location": ELSEWHERE}), id=f"{status} with Location")
            for status in (200, 201, 202, 401, 404, 407)
        ),
        pytest.param(reply(b"here", headers={"Refresh": f"0; url={ELSEWHERE}"}), id="Refresh"),
        pytest.param(reply(b"here", headers={"Content-Location": ELSEWHERE}), id="Content-Location"),
        pytest.param(reply(b"here", headers={"Link": f'<{ELSEWHERE}>; rel="canonical"'}), id="Link"),
        pytest.param(reply(b"here", headers={"Alt-Svc": 'http/1.1="127.0.0.2:81"'}), id="Alt-Svc"),
        pytest.param(reply(b"here", headers={"Set-Cookie": "a=b; Domain=127.0.0.2"}), id="Set-Cookie"),
        pytest.param(reply(f'<meta http-equiv="refresh" content="0; url={ELSEWHERE}">'.encode()), id="HTML"),
        pytest.param(reply(f"#EXTM3U\n#EXTINF:1,\n{ELSEWHERE}\n".encode()), id="a playlist"),
    ],
)
async def test_nothing_else_in_an_answer_is_followed(script: Script, serve: Serve) -> None:
    async with serve(script) as (served, attack):
        await attack.on(served.url())
    assert {*attack.dialled} == {(OURS, served.port)}
    assert len(served.requests) == 1


async def test_a_refused_redirect_does_not_tell_what_a_name_stands_for(serve: Serve) -> None:
    async with serve(redirect("http://inside.example/secret?token"), zone=ZONE) as (served, attack):
        outcome = await attack.on(served.url())
    assert not [word for word in ("10.0.0.1", "secret", "token") if word in outcome.said]


@pytest.mark.parametrize("status", STATUSES)
async def test_a_password_is_for_the_origin_that_it_was_written_for(status: int, begin: Begin) -> None:
    """Neither another port nor another name of the same server is given it, nor the first again after a detour."""
    async with origin(host=OURS) as there, origin(host=OURS) as here:
        here.scripts = (redirect(f"http://other.example:{here.port}/", status), redirect(there.url(), status))
        there.scripts = (redirect(here.url("/back"), status),)
        zone = {"other.example": [[OURS]]}
        async with begin((OURS, here.port), (OURS, there.port), allow=ALLOW, zone=zone) as attack:
            await attack.on(here.url(user="me:secret@"))
    word = "Basic " + base64.b64encode(b"me:secret").decode()
    first, *later = [*here.requests, *there.requests]
    assert first.headers["authorization"] == word
    assert [request.headers.get("authorization") for request in later] == [None] * len(later)


def _is_refused(said: str, status: int) -> bool:
    """An input follows, and is refused at the end; a webhook follows fewer, and only those that keep the method."""
    refusals = (REFUSED, "the webhook redirects more than 3 times", f"the webhook answered {status} ")
    return any(refusal in said for refusal in refusals)
