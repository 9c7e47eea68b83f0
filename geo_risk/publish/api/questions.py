"""Questions to a region that the API of its internal site passes on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Question:
    """
    A question by GET with ``parameters`` {name: its JSON schema}, or by POST with a JSON ``body`` of that schema.

    ``answer`` takes what was sent and gives what JSON can hold after `plain`; what it raises of `GeoRiskError` is the
    asker's to mend.
    """

    name: str
    title: str
    answer: Callable[[dict[str, Any]], Any]
    parameters: dict[str, dict[str, Any]] | None = None
    body: dict[str, Any] | None = None


def plain(value: Any) -> Any:
    """What JSON can hold: no number that is none or beyond all."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    return plain(getattr(value, "item", value.__str__)())
