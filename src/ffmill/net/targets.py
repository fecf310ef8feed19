"""URLs that clients and servers give: made ready to be sent as they are signed, and shown without their secrets."""

import re
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address
from urllib.parse import quote, unquote, urljoin

import aiohttp
from yarl import URL

SHOWN_LENGTH = 200

# RFC 3986: what may stand in a path and a query. All of it stays as it was written, `%2F` and `+` too, since a
# presigned URL's signature covers the spelling. The rest (spaces, other scripts, quotes) is percent-encoded.
_LEGAL = "/?:@!$&'()*+,;=-._~%[]"
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
# RFC 1035, with the underscore that real hosts have; longer labels make the resolver raise errors of another kind.
_HOST = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?", re.IGNORECASE)
# RFC 3986: a port is digits; Python's int() reads `+80`, `8_0` and other scripts' too. RFC 6335: 0 is none.
_SITE = re.compile(r"(\[[^\[\]]*\]|[^:]*)(:(0*[1-9][0-9]*)?)?")


class UnusableUrl(ValueError):
    """The URL cannot be requested; the text completes a sentence about it, and holds no part of it but the scheme."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What to request, and how to speak of it."""

    url: URL  # without user and password, encoded
    authorization: str | None = field(repr=False)  # the header's value, from user and password in the URL
    shown: str  # as it was written, without user, password, query and fragment
    site: str  # scheme and host of it

    def redirected(self, location: str) -> "Target":
        """Where a redirect's `Location` leads; credentials go along only within the same origin.

        Raises UnusableUrl.
        """
        try:
            target = parse(urljoin(str(self.url), location))
        except UnusableUrl:
            raise
        except ValueError as error:
            raise UnusableUrl("is not a URL") from error
        if target.authorization is None and target.url.origin() == self.url.origin():
            return replace(target, authorization=self.authorization)
        return target


def parse(text: str) -> Target:
    """The target that an absolute http or https URL names; raises UnusableUrl."""
    try:
        return _target(URL(text.strip(), encoded=True))
    except UnusableUrl:
        raise
    except ValueError as error:
        raise UnusableUrl("is not a URL") from error


def _target(written: URL) -> Target:
    if written.scheme not in ("http", "https"):
        raise UnusableUrl("is not an http or https URL")
    site = f"{written.scheme}://{_host(written)}"
    # scheme, host and port in their normal form; path and query as they were written
    url = URL(str(URL(site).origin()) + _encoded(written), encoded=True)
    _check_host(url.raw_host or "")
    return Target(
        url=url, authorization=_authorization(written), shown=_shown(site + written.raw_path), site=_shown(site)
    )


def _host(written: URL) -> str:
    """Host and port as they were written."""
    host = written.raw_authority.rpartition("@")[2]
    if not _SITE.fullmatch(host):
        raise ValueError(host)
    return host


def _encoded(written: URL) -> str:
    text = _STRAY_PERCENT.sub("%25", written.raw_path_qs)
    return quote(text, safe=_LEGAL, errors="surrogateescape")  # a header's raw bytes come as escapes


def _check_host(host: str) -> None:
    if ":" in host:
        IPv6Address(host)
    elif not _HOST.fullmatch(host) or len(host) > 253:
        raise ValueError(host)


def _authorization(written: URL) -> str | None:
    if written.raw_user is None and written.raw_password is None:
        return None
    return aiohttp.encode_basic_auth(unquote(written.raw_user or ""), unquote(written.raw_password or ""))


def _shown(text: str) -> str:
    plain = "".join(char if char.isprintable() else "?" for char in text)
    return plain if len(plain) <= SHOWN_LENGTH else plain[: SHOWN_LENGTH - 1] + "…"
