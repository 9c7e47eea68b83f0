"""A network as flat arrays, so that a question is answered without building it anew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .network import Network
from .report import NetworkReport

_TEXTS = ("road_id", "road_class")
_WORDS = "words"  # of what is no array of numbers, as UTF-8 JSON


def network_arrays(network: Network) -> dict[str, NDArray[Any]]:
    """Everything a network is made of, without objects."""
    values = {f.name: getattr(network, f.name) for f in fields(network)}
    words: dict[str, Any] = {"crs": values.pop("crs"), "drawn": asdict(values.pop("drawn"))}
    words |= {name: [v if isinstance(v, str) else None for v in values.pop(name)] for name in _TEXTS}
    text = json.dumps(words, ensure_ascii=False).encode()
    return values | {_WORDS: np.frombuffer(text, np.uint8)}


def network_from(arrays: Mapping[str, NDArray[Any]]) -> Network:
    """The network that `network_arrays` took apart."""
    words = json.loads(arrays[_WORDS].tobytes())
    drawn = words["drawn"] | {"warnings": tuple(words["drawn"]["warnings"])}
    texts = {name: np.array(words[name], object) for name in _TEXTS}
    numbers = {name: values for name, values in arrays.items() if name != _WORDS}
    return Network(crs=words["crs"], drawn=NetworkReport(**drawn), **texts, **numbers)
