"""Settings that would do harm are refused at the start, by name."""

import pytest

from ffmill.config import load_settings
from ffmill.errors import CannotStart


@pytest.mark.parametrize("pauses", ["-1", "inf", "nan", "1e300", "5,soon", "2592001"])
def test_a_pause_that_no_webhook_can_wait_for_is_refused(monkeypatch: pytest.MonkeyPatch, pauses: str) -> None:
    monkeypatch.setenv("FFMILL_WEBHOOK_RETRY_SECONDS", pauses)
    with pytest.raises(CannotStart, match="FFMILL_WEBHOOK_RETRY_SECONDS"):
        load_settings()


@pytest.mark.parametrize(("pauses", "read"), [("", ()), ("1", (1,)), (" 0.5, 30 ,2592000", (0.5, 30, 2592000))])
def test_pauses_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch, pauses: str, read: tuple[float, ...]) -> None:
    monkeypatch.setenv("FFMILL_WEBHOOK_RETRY_SECONDS", pauses)
    assert load_settings().webhook_retry_seconds == read


@pytest.mark.parametrize("proxies", ["10.0.0.0/33", "proxy.internal"])
def test_a_proxy_is_named_by_its_network(monkeypatch: pytest.MonkeyPatch, proxies: str) -> None:
    monkeypatch.setenv("FFMILL_TRUSTED_PROXIES", proxies)
    with pytest.raises(CannotStart, match="FFMILL_TRUSTED_PROXIES"):
        load_settings()


@pytest.mark.parametrize("name", ["KEEP_OUTPUTS_DAYS", "KEEP_UPLOADS_DAYS", "KEEP_LOGS_DAYS", "KEEP_JOBS_DAYS"])
@pytest.mark.parametrize("days", ["0", "-1", "nan", "ever"])
def test_nothing_is_kept_for_no_time(monkeypatch: pytest.MonkeyPatch, name: str, days: str) -> None:
    monkeypatch.setenv(f"FFMILL_{name}", days)
    with pytest.raises(CannotStart, match=f"FFMILL_{name}"):
        load_settings()
