"""What one request computes for long, it computes beside the event loop, which serves all the others."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from ffmill.api import body as bodies
from ffmill.api import parts
from ffmill.api.routes import jobs
from ffmill.jobs.model import Output, Status
from ffmill.store.signing import Signer

from .conftest import PICTURE, Service

Where = list[threading.Thread]


def noting(where: Where, function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which notes in which thread it is called."""

    def call(*arguments: Any, **named: Any) -> Any:
        where.append(threading.current_thread())
        return function(*arguments, **named)

    return call


@pytest.mark.parametrize("path", ["/api/ffmpeg", "/api/jobs/batch"])
async def test_a_large_body_is_read_beside_the_loop(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    where: Where = []
    for name in ("parse_object", "_repeatable"):
        monkeypatch.setattr(jobs, name, noting(where, getattr(jobs, name)))
    body = json.dumps({"jobs": [PICTURE]} if path.endswith("batch") else PICTURE)
    assert (await client.post(path, content=body)).status_code == 200
    assert set(where) == {threading.main_thread()}
    where.clear()
    monkeypatch.setattr(bodies, "READ_AT_ONCE", len(body) - 1)
    assert (await client.post(path, content=body)).status_code == 200
    assert threading.main_thread() not in where
    assert (await client.post(path, content=b"{" + b" " * len(body))).status_code == 400


async def test_many_urls_are_signed_beside_the_loop(
    client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    where: Where = []
    monkeypatch.setattr(Signer, "sign", noting(where, Signer.sign))
    await client.post("/api/ffmpeg", json=PICTURE)
    [job] = (await service.parts.jobs.list(service.account, 1)).jobs
    outputs = tuple(Output(name=f"{number}", key=f"outputs/{number}", bytes=1) for number in range(3))
    done = replace(job, status=Status.SUCCEEDED, outputs=outputs)
    shown = await service.parts.views([done, job])
    assert [len(each["output_files"]) for each in shown] == [3, 0]
    assert set(where) == {threading.main_thread()}
    where.clear()
    monkeypatch.setattr(parts, "SIGNED_AT_ONCE", 2)
    assert (await service.parts.views([done, job]))[0]["output_files"].keys() == shown[0]["output_files"].keys()
    assert threading.main_thread() not in where
