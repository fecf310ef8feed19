"""Whole jobs that fail, over the API: what their authors are told, and that what is offered instead works."""

from collections.abc import Generator
from typing import Any

import pytest

from tests.acceptance.client import Client
from tests.acceptance.conftest import of_serve

FILM = "-f lavfi -i testsrc2=s=64x36:d=0.2 -f lavfi -i sine=d=0.2"
SUBTITLES = b"1\n00:00:00,000 --> 00:00:01,000\nHello\n"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Generator[Client]:
    """Of a service as a stranger starts it."""
    with of_serve(tmp_path_factory.mktemp("service")) as service:
        yield Client(url=service.url, api_key=service.api_key)


def failed(client: Client, *commands: str, outputs: list[str], **inputs: str) -> dict[str, Any]:
    """The `error` of a job that fails."""
    job = client.run({name.replace("_", "."): url for name, url in inputs.items()}, outputs, *commands)
    assert job["status"] == "failed", job
    assert job["error_message"]
    return job["error"]


@pytest.mark.parametrize(
    ("command", "code", "corrected"),
    [
        pytest.param(
            f"{FILM} -vcodc libx264 {{{{o.mp4}}}}",
            "no_such_option",
            f"{FILM} -vcodec libx264 {{{{o.mp4}}}}",
            id="misspelled option",
        ),
        pytest.param(
            f"ffmpeg {FILM} -c:v libx246 {{{{o.mp4}}}}",
            "no_such_encoder",
            f"{FILM} -c:v libx264 {{{{o.mp4}}}}",
            id="misspelled encoder, with the word ffmpeg",
        ),
        pytest.param(
            f"{FILM} -af loudnrom {{{{o.mp4}}}}",
            "no_such_filter",
            f"{FILM} -af loudnorm {{{{o.mp4}}}}",
            id="misspelled filter",
        ),
        pytest.param(
            f"{FILM} -pix_fmt yuv420 {{{{o.mp4}}}}",
            "no_such_pixel_format",
            f"{FILM} -pix_fmt yuv420p {{{{o.mp4}}}}",
            id="misspelled pixel format",
        ),
        pytest.param(
            f"{FILM} -vf scale=41:-1 {{{{o.mp4}}}}",
            "odd_dimensions",
            f"{FILM} -vf scale=42:-2 {{{{o.mp4}}}}",
            id="odd size",
        ),
        pytest.param(
            f"{FILM} -c:v libx264 -c:a libopus {{{{o.webm}}}}",
            "codec_not_in_container",
            f"{FILM} -c:v libvpx-vp9 -c:a libopus {{{{o.webm}}}}",
            id="codec of another format",
        ),
        pytest.param(
            f"{FILM} -vf fade=typ=in {{{{o.mp4}}}}",
            "bad_filter_option",
            f"{FILM} -vf fade=type=in {{{{o.mp4}}}}",
            id="misspelled filter option",
        ),
        pytest.param(
            f'{FILM} -filter_complex "[0:v]hflip[v]" -map "[w]" {{{{o.mp4}}}}',
            "bad_filter_graph",
            f"{FILM} -filter_complex \"[0:v]hflip[v]\" -map '[v]' {{{{o.mp4}}}}",
            id="label that is not there",
        ),
        pytest.param(
            f"{FILM} -b:v 200kbps {{{{o.mp4}}}}",
            "bad_option_value",
            f"{FILM} -b:v 200k {{{{o.mp4}}}}",
            id="bit rate with its unit",
        ),
        pytest.param(f"{FILM} -map 0:v -map 2:a {{{{o.mp4}}}}", "stream_not_found", None, id="input that is not there"),
        pytest.param(f"{FILM} {{{{out}}}}", "output_format_unknown", None, id="no suffix"),
        pytest.param(f"{FILM} -vf subtitles=none.srt {{{{o.mp4}}}}", "file_not_found", None, id="no subtitles"),
        pytest.param(
            f"{FILM} -vf crop=640:360 {{{{o.mp4}}}}", "bad_filter_option", None, id="crop of more than there is"
        ),
        pytest.param(f"-ss 100 {FILM} -frames:v 1 {{{{o.png}}}}", "output_missing", None, id="beyond the end"),
    ],
)
def test_a_failed_job_says_why(client: Client, command: str, code: str, corrected: str | None) -> None:
    output = command.rpartition("{{")[2].removesuffix("}}")
    error = failed(client, command, outputs=[output])
    assert (error["code"], error["corrected_command"]) == (code, corrected)
    assert error["summary"]
    assert error["hint"]
    if corrected is not None:
        client.convert({}, [output], corrected)


def test_a_placeholder_of_a_file_with_blanks_and_quotes_stays_as_it_is(client: Client) -> None:
    name = "it's my film.srt"
    command = f"{FILM} -vf subtitles={{{{{name}}}}} -prset fast {{{{o.mp4}}}}"
    job = client.run({name: client.upload(SUBTITLES)}, ["o.mp4"], command)
    corrected = job["error"]["corrected_command"]
    assert corrected == command.replace("-prset", "-preset")
    client.convert({name: client.upload(SUBTITLES)}, ["o.mp4"], corrected)


def test_the_second_of_two_commands_is_told_by_its_index(client: Client) -> None:
    error = failed(client, f"{FILM} temp.mkv", "-i temp.mkv -vf scal=2:2 {{o.mp4}}", outputs=["o.mp4"])
    assert (error["command_index"], error["exit_code"], error["stage"]) == (1, 234, "command")
    assert error["corrected_command"] == "-i temp.mkv -vf scale=2:2 {{o.mp4}}"


def test_a_text_that_is_called_a_film_is_told(client: Client) -> None:
    error = failed(client, "-i {{in.mp4}} {{o.mp4}}", outputs=["o.mp4"], in_mp4=client.upload(b"no film at all"))
    assert error["code"] == "input_damaged"
    assert "moov atom" in error["detail"]
    assert "in.mp4" in error["summary"]
