"""Lists that name what else is to be read: HLS, ffconcat, DASH, SDP, IMF, and pictures by pattern."""

from tests.attacks.cage.case import NONE, SOUND, VIDEO, Case
from tests.attacks.cage.cases_protocols import INPUTS

ALL = f"-protocol_whitelist {','.join(INPUTS)}"
ANY = f"{ALL} -allowed_extensions ALL -allowed_segment_extensions ALL -extension_picky 0"
HLS = f"{ANY} -i inputs/a.m3u8 -map 0 -c copy -f mpegts outputs/x"
HEAD = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n"
END = "#EXT-X-ENDLIST\n"


def _segment(url: str, before: str = "") -> dict[str, str | bytes]:
    return {"a.m3u8": f"{HEAD}{before}#EXTINF:1,\n{url}\n{END}"}


def _key(url: str, method: str = "AES-128") -> dict[str, str | bytes]:
    return {"a.m3u8": f'{HEAD}#EXT-X-KEY:METHOD={method},URI="{url}"\n#EXTINF:1,\nb.ts\n{END}', "b.ts": b"G" * 188 * 40}


def _variants(url: str) -> dict[str, str | bytes]:
    media = f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",DEFAULT=YES,URI="{url}"\n'
    return {"a.m3u8": f'#EXTM3U\n{media}#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"\n{url}\n'}


PLAYLISTS = [
    Case("HLS as it comes", f"-i inputs/a.m3u8 {NONE}", _segment("file://{ts}"), bare=True, fails=True),
    Case("HLS under another name", f"-i inputs/a.mp4 {NONE}", {"a.mp4": _segment("{ts}")["a.m3u8"]}, fails=True),
    Case("HLS: a URL", f"-i inputs/a.m3u8 {NONE}", _segment("http://127.0.0.1:{port}/a.ts"), fails=True),
    Case("HLS: file", HLS, _segment("file:{ts}"), bare=True),
    Case("HLS: path", HLS, _segment("{ts}"), bare=True),
    Case("HLS: text of the host", HLS, _segment("{secret}"), bare=True),
    Case("HLS: another job", HLS, _segment("{other}"), bare=True),
    Case("HLS: another job beside", HLS, _segment("{beside}"), bare=True),
    Case("HLS: concat", HLS, _segment("concat:{ts}|{secret}")),
    Case("HLS: subfile", HLS, _segment("subfile,,start,0,end,32,,:{secret}")),
    Case("HLS: crypto", HLS, _segment("crypto:{ts}"), fails=True),
    Case("HLS: crypto+file", HLS, _segment("crypto+file://{ts}")),
    Case("HLS: data", HLS, _segment("data:text/plain,{ts}")),
    Case("HLS: cache", HLS, _segment("cache:file:{ts}")),
    Case("HLS: async", HLS, _segment("async:{ts}")),
    Case("HLS: TCP", HLS, _segment("tcp://127.0.0.1:{port}")),
    Case("HLS: HTTP", HLS, _segment("http://127.0.0.1:{port}/a.ts"), bare=True),
    Case("HLS: gopher", HLS, _segment("gopher://127.0.0.1:{port}/1a")),
    Case("HLS: a unix socket", HLS, _segment("unix:{unix}")),
    Case("HLS: UDP", HLS, _segment("srt://127.0.0.1:{udp}")),
    Case("HLS: a descriptor", HLS, _segment("pipe:0")),
    Case("HLS: a descriptor of the worker", HLS, _segment("fd:?fd={descriptor}")),
    Case("HLS: a map of the host", HLS, _segment("b.ts", '#EXT-X-MAP:URI="{mp4}"\n'), bare=True, fails=True),
    Case("HLS: a map by HTTP", HLS, _segment("b.ts", '#EXT-X-MAP:URI="http://127.0.0.1:{port}/"\n'), bare=True),
    Case("HLS: a key of the host", HLS, _key("{key}"), bare=True),
    Case("HLS: a key of the host by URL", HLS, _key("file://{key}"), bare=True),
    Case("HLS: a key by HTTP", HLS, _key("http://127.0.0.1:{port}/key"), bare=True),
    Case("HLS: a key by TCP", HLS, _key("tcp://127.0.0.1:{port}")),
    Case("HLS: a key by a unix socket", HLS, _key("unix:{unix}")),
    Case("HLS: a key for samples", HLS, _key("{key}", "SAMPLE-AES"), bare=True),
    Case("HLS: variants of the host", HLS, _variants("{ts}"), bare=True),
    Case("HLS: variants by HTTP", HLS, _variants("http://127.0.0.1:{port}/a.m3u8"), bare=True),
    Case("HLS: variants of itself", HLS, _variants("a.m3u8")),
    Case("HLS: endless with a host's file", HLS,
         {"a.m3u8": f"{HEAD}#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:1,\n{{secret}}\n{END}"}, bare=True),
    Case("HLS by hls+file", f"{ANY} -i hls+file://{{dir}}/a.m3u8 {NONE}", fails=True),
]  # fmt: skip

CONCAT = f"{ALL} -f concat -safe 0 -i inputs/a -map 0 -c copy -f srt outputs/x"


def _list(text: str) -> dict[str, str | bytes]:
    return {"a": f"ffconcat version 1.0\n{text}\n"}


LISTS = [
    Case("ffconcat: safe", f"-i inputs/a {NONE}", _list("file {srt}"), fails=True),
    Case("ffconcat: safe up", f"-i inputs/a {NONE}", _list("file ../../../../../..{srt}"), fails=True),
    Case("ffconcat: safe turned off", f"-i inputs/a {NONE}", _list("option safe 0\nfile {srt}"), fails=True),
    Case("ffconcat: safe, then another list", f"-f concat -i inputs/a {NONE}",
         _list("file b\nfile_packet_metadata a=b") | {"b": "ffconcat version 1.0\noption safe 0\nfile {srt}"},
         fails=True),
    Case("ffconcat: path", CONCAT, _list("file {srt}"), bare=True, fails=True),
    Case("ffconcat: file", CONCAT, _list("file 'file:{srt}'"), bare=True, fails=True),
    Case("ffconcat: another job", CONCAT, _list("file {other}"), bare=True, fails=True),
    Case("ffconcat: another job beside", CONCAT, _list("file {beside}"), bare=True, fails=True),
    Case("ffconcat: raw", CONCAT, _list("file {secret}\noption format_whitelist data\noption f data"), bare=True,
         fails=True),
    Case("ffconcat: concat", CONCAT, _list("file concat:{srt}"), bare=True, fails=True),
    Case("ffconcat: TCP", CONCAT, _list("file tcp://127.0.0.1:{port}"), bare=True, fails=True),
    Case("ffconcat: HTTP", CONCAT, _list("file http://127.0.0.1:{port}/"), bare=True, fails=True),
    Case("ffconcat: a unix socket", CONCAT, _list("file unix:{unix}"), bare=True, fails=True),
    Case("ffconcat: a descriptor", CONCAT, _list("file fd:\noption fd {descriptor}"), fails=True),
    Case("ffconcat: a playlist", CONCAT,
         _list("file b.m3u8\noption allowed_extensions ALL") | {"b.m3u8": f"{HEAD}#EXTINF:1,\n{{ts}}\n{END}"},
         bare=True),
    Case("ffconcat: itself", CONCAT, _list("file a\nfile a"), fails=True),
    Case("ffconcat: of the host", f"-f concat -safe 0 -i {{list}} {NONE}", bare=True, fails=True),
    Case("ffconcat in data", f"{ALL} -f concat -safe 0 -i data:text/plain,file%20{{srt}} {NONE}", fails=True),
]  # fmt: skip

MPD = '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S">'
DASH = f"{ANY} -f dash -i inputs/a.mpd -map 0 -c copy -f mpegts outputs/x"


def _dash(base: str, *, entity: str = "", template: str = "") -> dict[str, str | bytes]:
    inner = template or "<SegmentBase/>"
    start = f'<!DOCTYPE MPD [<!ENTITY x SYSTEM "{entity}">]>' if entity else ""
    representation = f'<Representation id="0" bandwidth="1"><BaseURL>{base}</BaseURL>{inner}</Representation>'
    tree = f'<Period><AdaptationSet mimeType="video/mp4">{representation}</AdaptationSet></Period></MPD>'
    return {"a.mpd": f'<?xml version="1.0"?>{start}{MPD}{tree}'}


TEMPLATE = '<SegmentTemplate media="{mp4}" initialization="{mp4}" duration="1"/>'
SEGMENTS = '<SegmentList duration="1"><Initialization sourceURL="{mp4}"/><SegmentURL media="{mp4}"/></SegmentList>'
MANIFESTS = [
    Case("DASH: file", DASH, _dash("file://{mp4}"), bare=True, fails=True),
    Case("DASH: path", DASH, _dash("{mp4}"), bare=True, fails=True),
    Case("DASH: another job", DASH, _dash("{other}"), bare=True, fails=True),
    Case("DASH: HTTP", DASH, _dash("http://127.0.0.1:{port}/a.mp4"), bare=True, fails=True),
    Case("DASH: TCP", DASH, _dash("tcp://127.0.0.1:{port}"), fails=True),
    Case("DASH: a template", DASH, _dash("", template=TEMPLATE), bare=True, fails=True),
    Case("DASH: a list", DASH, _dash("", template=SEGMENTS), bare=True, fails=True),
    Case("DASH: an entity of a file", DASH, _dash("&x;", entity="file://{secret}"), fails=True),
    Case("DASH: an entity by HTTP", DASH, _dash("&x;", entity="http://127.0.0.1:{port}/"), fails=True),
]

CPL = '<CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"><Id>urn:uuid:{id}</Id><EditRate>24 1</EditRate><ContentTitle>x</ContentTitle><SegmentList><Segment><Id>urn:uuid:{id}</Id><SequenceList><MainImageSequence xmlns="http://www.smpte-ra.org/schemas/2067-2/2016"><Id>urn:uuid:{id}</Id><TrackId>urn:uuid:{id}</TrackId><ResourceList><Resource xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://www.smpte-ra.org/schemas/2067-3/2016" xsi:type="TrackFileResourceType"><Id>urn:uuid:{id}</Id><EditRate>24 1</EditRate><IntrinsicDuration>24</IntrinsicDuration><TrackFileId>urn:uuid:{id}</TrackFileId></Resource></ResourceList></MainImageSequence></SequenceList></Segment></SegmentList></CompositionPlaylist>'.replace("{id}", "0" * 8 + "-0000-0000-0000-" + "0" * 12)  # fmt: skip  # noqa: E501


def _imf(path: str) -> dict[str, str | bytes]:
    asset = f"<Asset><Id>urn:uuid:00000000-0000-0000-0000-000000000000</Id><ChunkList><Chunk><Path>{path}</Path></Chunk></ChunkList></Asset>"  # noqa: E501
    start = '<AssetMap xmlns="http://www.smpte-ra.org/schemas/429-9/2007/AM">'
    return {"CPL.xml": CPL, "ASSETMAP.xml": f"{start}<AssetList>{asset}</AssetList></AssetMap>"}


IMF = f"{ALL} -f imf -i inputs/CPL.xml {NONE}"
ASSETS = [
    Case("IMF: file", IMF, _imf("file://{mp4}"), bare=True, fails=True),
    Case("IMF: path", IMF, _imf("{mp4}"), bare=True, fails=True),
    Case("IMF: HTTP", IMF, _imf("http://127.0.0.1:{port}/a.mxf"), bare=True, fails=True),
    Case("IMF: maps of the host", f"{ALL} -f imf -assetmaps {{secret}} -i inputs/CPL.xml {NONE}", _imf("a"), bare=True,
         fails=True),
]  # fmt: skip

SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {udp} RTP/AVP 0\n"
STREAMS = [
    Case("SDP", f"{ALL} -f sdp -i inputs/a.sdp {NONE}", {"a.sdp": SDP}, fails=True),
    Case("SDP to many", f"{ALL} -i inputs/a.sdp {NONE}", {"a.sdp": SDP.replace("127.0.0.1", "224.2.2.2")}, fails=True),
    Case("SDP of a file", f"{ALL} -f sdp -i {{secret}} {NONE}", bare=True, fails=True),
    Case("RTSP in a list", f"{ALL} -f rtsp -i rtsp://127.0.0.1:{{port}}/ {NONE}", bare=True, fails=True),
]

PATTERN = "-f image2 -pattern_type glob"
PICTURES = [
    Case("pictures by number", f"-f image2 -i {{dir}}/picture%d.png {NONE}", bare=True, fails=True),
    Case("pictures by glob", f"{PATTERN} -i '{{dir}}/*.png' {NONE}", bare=True, fails=True),
    Case("pictures by glob up", f"{PATTERN} -i '../*/../*/../../../../..{{dir}}/p*.png' {NONE}", fails=True),
    Case("texts of the host by glob", f"{PATTERN} -c:v rawvideo -s 1x1 -i '/etc/*.conf' {NONE}", fails=True),
    Case("names of the host by glob", f"{PATTERN} -export_path_metadata 1 -i '/*/*' {NONE}", fails=True),
    Case("other jobs by glob", f"{PATTERN} -i '../../*/work/outputs/*' {NONE}", bare=True, fails=True),
    Case("a host's picture in a tile", f"{VIDEO} -i {{png}} -filter_complex overlay -f rawvideo outputs/x", bare=True,
         fails=True),
    Case("text as pictures", f"-f tedcaptions -i {{secret}} {NONE}", bare=True, fails=True),
    Case("bytes as pictures", "-f rawvideo -pix_fmt gray -s 4x4 -i {secret} outputs/x.png", bare=True, fails=True),
    Case("text as XBIN", f"-f bin -i {{secret}} -frames:v 1 {NONE}", bare=True, fails=True),
    Case("sound of the host mixed in", f"{SOUND} -i {{wav}} -filter_complex amix outputs/x.wav", bare=True, fails=True),
]  # fmt: skip

CASES = [*PLAYLISTS, *LISTS, *MANIFESTS, *ASSETS, *STREAMS, *PICTURES]
