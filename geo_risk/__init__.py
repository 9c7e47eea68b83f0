"""GIS spatial risk analysis and one-map publishing for city and county governments."""

from .errors import GeoRiskError

__version__ = "0.1.0"
__all__ = ["GeoRiskError", "__version__"]
