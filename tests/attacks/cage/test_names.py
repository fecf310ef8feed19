"""Names of inputs and outputs that lead out of the job's directory cannot even be asked for."""

import pytest

from ffmill.errors import BadRequest
from ffmill.jobs import names

ELSEWHERE = ("..", ".", "../a", "/etc/passwd", "a/b", "a\0b", "a\nb", "-y", ".hidden", "outputs", "x" * 256, "")


@pytest.mark.parametrize("name", ELSEWHERE)
def test_names_that_lead_elsewhere_cannot_be_asked_for(name: str) -> None:
    with pytest.raises(BadRequest):
        names.check([], [name])
    with pytest.raises(BadRequest):
        names.check([name], [])
