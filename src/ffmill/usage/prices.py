"""What usage would cost, at the operator's prices."""

from dataclasses import dataclass
from typing import Self

from ffmill.config import Settings
from ffmill.usage.ledger import Sums

GB = 10**9  # as hosted services bill
DECIMALS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """In one currency, whose code is `currency`."""

    currency: str
    gb: float  # in and out together
    cpu_second: float
    gpu_second: float

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The operator's."""
        return cls(
            currency=settings.currency,
            gb=settings.price_per_gb,
            cpu_second=settings.price_per_cpu_second,
            gpu_second=settings.price_per_gpu_second,
        )

    def cost(self, used: Sums) -> float | None:
        """Of that; None where the operator has named no price."""
        if not (self.gb or self.cpu_second or self.gpu_second):
            return None
        moved = (used.input_bytes + used.output_bytes) / GB
        return round(
            moved * self.gb + used.cpu_seconds * self.cpu_second + used.gpu_seconds * self.gpu_second, DECIMALS
        )
