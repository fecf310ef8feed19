"""Probes through the whole real path: what a stranger learns of a file, and what is left of it."""

from pathlib import Path

import pytest

from tests.acceptance.client import Answer, Client
from tests.acceptance.conftest import Service

CHAPTERS = ";FFMETADATA1\ntitle=A film\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=2\ntitle=The first\n"


@pytest.fixture(scope="module")
def client(service: Service) -> Client:
    """Of the service as it is."""
    return Client(url=service.url, api_key=service.api_key)


@pytest.fixture(scope="module")
def clip(client: Client, media: Path) -> str:
    """The URL of the shipped clip, uploaded."""
    return client.upload((media / "bigbuckbunny.mp4").read_bytes())


def probe(client: Client, url: str, **fields: object) -> Answer:
    """Asks what is behind a URL."""
    return client.call("POST", "/api/probe", {"url": url, **fields})


def test_a_temporary_file_is_told_of_as_ffprobe_tells(client: Client, clip: str) -> None:
    answer = probe(client, clip, timeout_seconds=20, unknown="ignored")
    assert answer.status == 200, answer.body
    assert set(answer.data) == {"format", "streams", "chapters"}
    assert [(one["codec_name"], one["codec_type"]) for one in answer.data["streams"]] == [
        ("h264", "video"),
        ("aac", "audio"),
    ]
    assert answer.data["format"]["duration"] == "5.312000"
    assert answer.data["format"]["filename"].startswith("media")


def test_an_output_of_a_job_is_probed_by_its_url(client: Client) -> None:
    job = client.convert({}, ["card.png"], "-f lavfi -i testsrc2=size=64x36 -frames:v 1 {{card.png}}")
    told = probe(client, job["output_files"]["card.png"]).data
    assert told["streams"][0]["codec_name"] == "png"
    assert told["format"]["filename"] == "media.png"


def test_chapters_and_tags_are_told(client: Client) -> None:
    marks = client.upload(CHAPTERS.encode())
    command = "-f lavfi -i testsrc2=d=2:s=64x36 -f ffmetadata -i {{marks.txt}} -map_metadata 1 -map 0 {{film.mkv}}"
    film = client.convert({"marks.txt": marks}, ["film.mkv"], command)["output_files"]["film.mkv"]
    told = probe(client, film).data
    assert told["format"]["tags"]["title"] == "A film"
    assert [chapter["tags"]["title"] for chapter in told["chapters"]] == ["The first"]


def test_what_is_no_media_is_refused_in_ffprobes_words(client: Client) -> None:
    answer = probe(client, client.upload(b"just some words, and not many\n"))
    assert (answer.status, answer.error_code) == (400, "badRequest")
    assert answer.message == ("url: this is no media that FFmpeg can read: Invalid data found when processing input")


def test_a_url_that_leads_nowhere_is_refused_without_its_secrets(client: Client) -> None:
    answer = probe(client, f"{client.url}/files/outputs/none.mp4?sig=secret-of-the-url")
    assert (answer.status, answer.error_code) == (400, "badRequest")
    assert answer.message.startswith("url: could not be fetched: ")
    assert "secret-of-the-url" not in answer.message


def test_a_private_address_is_refused(client: Client) -> None:
    answer = probe(client, "http://169.254.169.254/latest/meta-data/")
    assert (answer.status, answer.error_code) == (400, "badRequest")
    assert "url: could not be fetched: " in answer.message


def test_a_temporary_file_that_nothing_was_uploaded_to_is_refused(client: Client) -> None:
    url = client.call("POST", "/api/tmp-file").data["download_url"]
    answer = probe(client, url)
    assert answer.status == 400
    assert answer.message.startswith("url: nothing has been uploaded")


def test_a_playlist_reads_nothing_of_the_worker(client: Client) -> None:
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    answer = probe(client, client.upload(playlist.encode()))
    assert b"root:" not in answer.body


def test_a_file_that_tells_more_than_anybody_reads_is_refused(client: Client) -> None:
    tags = ";FFMETADATA1\n" + "".join(f"t{number}={'x' * 4000}\n" for number in range(1500))
    marks = client.upload(tags.encode())
    command = "-f lavfi -i testsrc2=d=1:s=64x36 -f ffmetadata -i {{marks.txt}} -map_metadata 1 -map 0 {{film.mkv}}"
    film = client.convert({"marks.txt": marks}, ["film.mkv"], command)["output_files"]["film.mkv"]
    answer = probe(client, film)
    assert (answer.status, answer.message) == (400, "url: what ffprobe tells of it is longer than 4 MiB")


def test_no_list_shows_a_probe(client: Client, clip: str) -> None:
    before = client.call("GET", "/api/jobs?limit=1").paging["total"]
    assert probe(client, clip).status == 200
    assert probe(client, client.upload(b"no media")).status == 400
    listed = client.call("GET", "/api/jobs?limit=100")
    assert listed.paging["total"] == before
    assert not any("probe.json" in str(job) for job in listed.data)
