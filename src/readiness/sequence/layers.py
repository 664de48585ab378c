"""The five layers, in the one order everything else follows."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Layer(StrEnum):
    """A layer of the sequence; `organization` is a condition on approval and no sixth layer."""

    INFRASTRUCTURE = "infrastructure"
    SECURITY = "security"
    DATA = "data"
    OBSERVABILITY = "observability"
    MEASUREMENT = "measurement"

    @property
    def number(self) -> int:
        """The place in the sequence, 1 to 5."""
        return ORDER.index(self) + 1


ORDER: Final[tuple[Layer, ...]] = (
    Layer.INFRASTRUCTURE,
    Layer.SECURITY,
    Layer.DATA,
    Layer.OBSERVABILITY,
    Layer.MEASUREMENT,
)

TITLES: Final[dict[Layer, str]] = {
    Layer.INFRASTRUCTURE: "Infrastructure",
    Layer.SECURITY: "Security",
    Layer.DATA: "Data",
    Layer.OBSERVABILITY: "Observability",
    Layer.MEASUREMENT: "Measurement",
}
