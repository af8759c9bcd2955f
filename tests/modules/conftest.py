"""The town of the rooms' tests."""

from __future__ import annotations

import pytest

from jiangcheng.config import wiring
from modules import town as town_module


@pytest.fixture
def town(db, settings, tmp_path):
    """The register and the rooms' data are loaded; the store is empty."""
    wiring.load_manifests()
    settings.OBSERVATIONS = {"sealed": tmp_path, "hot_months": 2}
    town_module.build()
    return town_module
