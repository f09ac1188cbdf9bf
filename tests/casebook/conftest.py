"""Fixtures for tests that run the commands of a site."""

from tests.casebook.sites import prepared, site  # noqa: F401 (fixtures)
