"""GIS spatial risk analysis and one-map publishing for city and county governments.

>>> region = geo_risk.Region("linlan")    # doctest: +SKIP
>>> region.run()                          # doctest: +SKIP
>>> region.setbacks()                     # doctest: +SKIP
"""

from typing import Any

from ._version import __version__
from .errors import GeoRiskError

__all__ = ["GeoRiskError", "Region", "__version__", "demo", "init"]


def __getattr__(name: str) -> Any:
    # geopandas and its friends take a second to import; only those who open a region pay for it.
    if name == "Region":
        from .api import Region

        return Region
    if name in ("demo", "init"):
        from . import start

        return getattr(start, name)
    raise AttributeError(f"module 'geo_risk' has no attribute {name!r}")
