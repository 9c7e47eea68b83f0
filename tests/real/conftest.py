"""The browser, for what is published of real data."""

from browsing import chromium, visit

__all__ = ["chromium", "visit"]  # fixtures of the tests here
