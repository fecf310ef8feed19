"""URLs that lead to where ffmill must not go, each with the reason: the table of the attack."""

from dataclasses import dataclass

from ffmill.net.failures import REFUSED

ADDRESS = REFUSED  # it has a plain address, and that is off limits
SPELLING = "names its host neither by a name nor by a plain address"
NO_URL = "is not a URL"
NO_HTTP = "is not an http or https URL"

LOOPBACK = "RFC 1122, 3.2.1.3: loopback"
THIS_HOST = "RFC 1122, 3.2.1.3: this host on this network"
PRIVATE = "RFC 1918: private"
METADATA = "RFC 3927: link-local, the metadata service of most clouds"
OLD = "inet_aton(3): one to four numbers, decimal, octal or hexadecimal"
WIDE = "UTS 46: a host is mapped to its plain form"
MAPPED = "RFC 4291, 2.5.5.2: IPv4-mapped"
COMPATIBLE = "RFC 4291, 2.5.5.1: IPv4-compatible"
USER = "RFC 3986, 3.2.1: what stands before the @ is a user"
PORT = "RFC 3986, 3.2.3: a port is digits"
CONFUSED = "WHATWG URL and RFC 3986 read it differently (Tsai, Black Hat 2017)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A URL that is refused."""

    url: str
    why: str  # it is dangerous: the rule or the document that gives it its meaning
    refusal: str = ADDRESS  # what the client is told

    @property
    def name(self) -> str:
        """For the list of tests, in plain characters."""
        return ascii(self.url)[1:-1]


def _cases(why: str, *urls: str, refusal: str = ADDRESS) -> list[Case]:
    return [Case(url=url, why=why, refusal=refusal) for url in urls]


PLAIN = [
    *_cases(LOOPBACK, "http://127.0.0.1/", "http://127.0.0.2/", "http://127.255.255.254/", "https://127.0.0.1/"),
    *_cases(THIS_HOST, "http://0.0.0.0/", "http://0.0.0.1/", "http://0.255.255.255/"),
    *_cases(PRIVATE, "http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.1.1/"),
    *_cases(METADATA, "http://169.254.169.254/latest/meta-data/iam/", "http://169.254.169.254/metadata/v1.json"),
    *_cases("AWS: credentials of a container", "http://169.254.170.2/v2/credentials/"),
    *_cases("Alibaba Cloud's metadata, in RFC 6598", "http://100.100.100.200/latest/meta-data/"),
    *_cases("Oracle Cloud's metadata, in RFC 6890", "http://192.0.0.192/latest/"),
    *_cases("Azure's platform service", "http://168.63.129.16/machine?comp=goalstate"),
    *_cases("RFC 6598: carrier-grade NAT", "http://100.64.0.1/", "http://100.127.255.255/"),
    *_cases("RFC 5737: documentation", "http://192.0.2.1/", "http://198.51.100.1/", "http://203.0.113.1/"),
    *_cases("RFC 2544: benchmarking", "http://198.18.0.1/"),
    *_cases("RFC 7526: 6to4 relay", "http://192.88.99.1/"),
    *_cases(
        "RFC 7534, RFC 7535, RFC 7450: anycast", "http://192.175.48.1/", "http://192.31.196.1/", "http://192.52.193.1/"
    ),
    *_cases("RFC 5771: multicast", "http://224.0.0.1/", "http://239.255.255.250:1900/"),
    *_cases("RFC 1112, RFC 919: reserved, broadcast", "http://240.0.0.1/", "http://255.255.255.255/"),
    *_cases("RFC 3986, 3.2.3: another port", "http://127.0.0.1:22/", "http://127.0.0.1:6379/", "https://127.0.0.1:80/"),
    *_cases("RFC 3986, 3.2.3: the port may be empty", "http://127.0.0.1:/", "http://[::1]:/"),
    *_cases("RFC 3986, 3.2.3: zeros may lead", "http://127.0.0.1:00080/"),
]
SIX = [
    *_cases("RFC 4291, 2.5.3: loopback", "http://[::1]/", "http://[0:0:0:0:0:0:0:1]/", "http://[0000::0001]:443/"),
    *_cases("RFC 4291, 2.5.2: unspecified; Linux dials itself", "http://[::]/", "http://[0::0]/"),
    *_cases(MAPPED, "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:FFFF:7F00:1]/"),
    *_cases(MAPPED, "http://[::ffff:a9fe:a9fe]/", "http://[::ffff:10.0.0.1]/", "http://[::ffff:0.0.0.0]/"),
    *_cases(COMPATIBLE, "http://[::127.0.0.1]/", "http://[::7f00:1]/", "http://[::169.254.169.254]/"),
    *_cases("RFC 2765: IPv4-translated", "http://[::ffff:0:127.0.0.1]/"),
    *_cases("RFC 6052: NAT64", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b::169.254.169.254]/"),
    *_cases("RFC 8215: NAT64 of one's own", "http://[64:ff9b:1::a9fe:a9fe]/"),
    *_cases("RFC 3056: 6to4", "http://[2002:7f00:1::]/", "http://[2002:a9fe:a9fe::1]/"),
    *_cases("RFC 4380: Teredo", "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/"),
    *_cases("RFC 5214: ISATAP", "http://[2600::5efe:127.0.0.1]/", "http://[2600::200:5efe:a9fe:a9fe]/"),
    *_cases("RFC 4193: unique local", "http://[fc00::1]/", "http://[fd12:3456::1]/"),
    *_cases("AWS's and Google's metadata, in RFC 4193", "http://[fd00:ec2::254]/", "http://[fd20:ce::254]/"),
    *_cases("RFC 4291, 2.5.6: link-local", "http://[fe80::1]/", "http://[fe80::a9fe:a9fe]/"),
    *_cases("RFC 6874: a zone", "http://[fe80::1%25lo]/", "http://[fe80::1%lo]/", "http://[::1%25lo]/"),
    *_cases("RFC 4007: a zone", "http://[::ffff:127.0.0.1%25lo]/", "http://[::ffff:8.8.8.8%25lo]/"),
    *_cases("RFC 3879: site-local", "http://[fec0::1]/"),
    *_cases("RFC 4291, 2.7: multicast", "http://[ff02::1]/", "http://[ff05::1:3]/"),
    *_cases("RFC 3849: documentation", "http://[2001:db8::1]/"),
    *_cases("RFC 4291: outside 2000::/3", "http://[4000::1]/", "http://[100::1]/"),
]
SPELLED = [
    *_cases(OLD, "http://2130706433/", "http://127.1/", "http://127.0.1/", "http://0/", refusal=SPELLING),
    *_cases(OLD, "http://017700000001/", "http://0177.0.0.1/", "http://00000177.1/", refusal=SPELLING),
    *_cases(OLD, "http://2852039166/", "http://0251.0376.0251.0376/", "http://169.254.43518/", refusal=SPELLING),
    *_cases(OLD, "http://0x7f000001/", "http://0x7f.1/", "http://0X7F.0.0.1/", "http://0x7f.0x0.0x0.0x1/"),
    *_cases(OLD, "http://127.0x1/", "http://0177.0x0.1/", "http://0x0/", "http://0xa9fea9fe/", "http://0xa.1/"),
    *_cases("RFC 1034: a name may end in a dot", "http://127.0.0.1./", "http://2130706433./", refusal=SPELLING),
    *_cases("inet_aton(3), beyond 255", "http://127.0.0.256/", "http://383.0.0.1/", refusal=SPELLING),
    *_cases("inet_aton(3), beyond 32 bits", "http://4294967296/", "http://6425673729/", refusal=SPELLING),
    *_cases(WIDE, "http://\uff11\uff12\uff17.0.0.1/", "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/"),
    *_cases(WIDE, "http://127\uff0e0\uff0e0\uff0e1/", "http://127｡0｡0｡1/", "http://\uff10\uff58\uff17\uff46.1/"),
    *_cases(WIDE, "http://\U0001d7cf27.0.0.1/", "http://₁₂₇.₀.₀.₁/", "http://¹²⁷.⁰.⁰.¹/"),
    *_cases(WIDE, "http://127。1/", "http://②①③⓪⑦⓪⑥④③③/", refusal=SPELLING),
    *_cases("RFC 3986, 3.2.2: percent-encoded", "http://%31%32%37.0.0.1/", "http://127.0.0.1%2e/", refusal=NO_URL),
    *_cases("RFC 3986, 3.2.2: percent-encoded", "http://127%2e0%2e0%2e1/", "http://%6cocalhost/", refusal=NO_URL),
    *_cases("C: a string ends with zero", "http://127.0.0.1%00.example/", "http://127.0.0.1\0.h/", refusal=NO_URL),
    *_cases("invisible characters", "http://127\u200b.0.0.1/", "http://127\u00ad.0.0.1/", refusal=NO_URL),
    *_cases("WHATWG URL: tabs and newlines go", "http://127.0.\t0.1/", "http://127.0.0.1\n/", "ht\rtp://127.0.0.1/"),
    *_cases(
        "WHATWG URL: leading controls go", "\x00http://127.0.0.1/", " \u3000http://127.0.0.1/", "\x1fhttp://[::1]/"
    ),
    *_cases("RFC 3986, 3.1: case", "HTTP://127.0.0.1/", "hTtP://[::FFFF:7F00:1]/"),
]
TRICKS = [
    *_cases(USER, "http://public.example@127.0.0.1/", "http://8.8.8.8@127.0.0.1/", "http://8.8.8.8:80@127.0.0.1/"),
    *_cases(USER, "http://a@b@127.0.0.1/", "http://@127.0.0.1/", "http://:@127.0.0.1/", "http://h@[::1]:80/"),
    *_cases(USER, "http://user:pa ss@127.0.0.1/", "http://public.example%40@127.0.0.1/", "http://%2f@127.0.0.1/"),
    *_cases(CONFUSED, "http://127.0.0.1#@public.example/", "http://127.0.0.1?@public.example/"),
    *_cases(CONFUSED, "http://8.8.8.8 &@127.0.0.1# @8.8.4.4/", "http://127.0.0.1/@public.example"),
    *_cases(CONFUSED, "http://127.0.0.1\\@public.example/", "http://8.8.8.8\\@127.0.0.1/", refusal=NO_URL),
    *_cases(
        CONFUSED, "http:\\\\127.0.0.1\\", "http:/127.0.0.1/", "http:127.0.0.1", "http:///127.0.0.1/", refusal=NO_URL
    ),
    *_cases(CONFUSED, "http://8.8.8.8\uff0f@127.0.0.1/", "http://8.8.8.8\uff20127.0.0.1/", refusal=NO_URL),
    *_cases(CONFUSED, "http://127.0.0.1 .example/", "http://127.0.0.1\u2100.example/", refusal=NO_URL),
    *_cases(PORT, "http://127.0.0.1:65536/", "http://127.0.0.1:-1/", "http://127.0.0.1:0/", refusal=NO_URL),
    *_cases(PORT, "http://127.0.0.1:+80/", "http://127.0.0.1:8_0/", "http://127.0.0.1:80:81/", refusal=NO_URL),
    *_cases(PORT, "http://8.8.8.8:80\\@127.0.0.1/", "http://127.0.0.1:\uff18\uff10/", "http://:80/", refusal=NO_URL),
    *_cases("RFC 3986, 3.2.2: brackets", "http://[127.0.0.1]/", "http://[::1", "http://::1/", refusal=NO_URL),
    *_cases("RFC 3986, 3.2.2: brackets", "http://[::1]x/", "http://x[::1]/", "http://[[::1]]/", refusal=NO_URL),
    *_cases("RFC 3986, 3.2.2: brackets", "http://[v1.::1]/", "http://[localhost]/", "http://[]/", refusal=NO_URL),
    *_cases("RFC 4291, 2.2: decimal only", "http://[::ffff:0177.0.0.1]/", "http://[::ffff:127.1]/", refusal=NO_URL),
    *_cases("an empty zone", "http://[fe80::1%]/", "http://[::1%25lo/../]/", refusal=NO_URL),
    *_cases(
        "another scheme", "file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO", "dict://127.0.0.1/", refusal=NO_HTTP
    ),
    *_cases("another scheme", "ftp://127.0.0.1/", "unix:///run/docker.sock", "ws://127.0.0.1/", refusal=NO_HTTP),
    *_cases("another scheme", "data:,x", "url:http://127.0.0.1/", "jar:http://127.0.0.1!/", refusal=NO_HTTP),
    *_cases("none", "//127.0.0.1/", "127.0.0.1", "localhost:80", "[::1]:80", "/etc/passwd", "", refusal=NO_HTTP),
]
CASES = [*PLAIN, *SIX, *SPELLED, *TRICKS]
