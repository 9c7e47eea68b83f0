"""Hazmat parking lots."""
