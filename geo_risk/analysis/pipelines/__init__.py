"""Pipelines: high-consequence areas, location classes, encroachment, third-party activity, crossings."""
