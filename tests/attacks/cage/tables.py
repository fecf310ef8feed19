"""All attacks."""

from tests.attacks.cage import (
    cases_bombs,
    cases_containers,
    cases_devices,
    cases_filters,
    cases_links,
    cases_muxers,
    cases_options,
    cases_playlists,
    cases_protocols,
)
from tests.attacks.cage.case import Case

CASES: list[Case] = [
    *cases_protocols.CASES,
    *cases_playlists.CASES,
    *cases_containers.CASES,
    *cases_filters.CASES,
    *cases_options.CASES,
    *cases_muxers.CASES,
    *cases_devices.CASES,
    *cases_links.CASES,
    *cases_bombs.CASES,
]
