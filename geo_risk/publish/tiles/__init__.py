"""Tiles: vector and raster archives (PMTiles) and their script pieces."""
