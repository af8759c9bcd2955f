"""An installation without some rooms starts, and its interface is that of the rooms it has."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from jiangcheng.config import wiring
from jiangcheng.core import manifest

SETTINGS = """
from jiangcheng.config.settings import *

LEFT_OUT = ("network", "straw", "plan")
MODULES = [room for room in MODULES if room not in LEFT_OUT]
INSTALLED_APPS = [app for app in INSTALLED_APPS if app.rpartition(".")[2] not in LEFT_OUT]
"""
START = """
import django
django.setup()
from jiangcheng.config import api, commands, main, urls, wiring
import argparse
commands.register(argparse.ArgumentParser().add_subparsers())
paths = api.api.get_openapi_schema()["paths"]
assert "/api/v1/stations" in paths and "/api/v1/cases" in paths, list(paths)
assert not [path for path in paths if "data-requests" in path]
found = [problem for problem in wiring.problems() if "router" in problem or "network" in problem]
assert not found, found
print("started")
"""


def test_a_city_without_some_rooms_starts(tmp_path):
    (tmp_path / "fewer_rooms.py").write_text(SETTINGS)
    path = os.pathsep.join([str(tmp_path), *sys.path])
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "DJANGO_SETTINGS_MODULE": "fewer_rooms",
        "JIANGCHENG_DATA": str(tmp_path),
    }
    ran = subprocess.run(
        [sys.executable, "-c", START], env=environment, capture_output=True, text=True, timeout=120
    )
    assert ran.stdout == "started\n", ran.stderr


def test_the_interface_is_what_the_manifests_declare():
    declared = {item.router for one in manifest.manifests for item in one.api}
    assert {
        "observations.api.router",
        "cases.api.router",
        "indicators.api.router",
        "network.api.router",
    } <= declared
    assert not [
        item for one in manifest.manifests for item in one.api if item.etag and "network" in item.router
    ]


@pytest.mark.parametrize("name", ["network.api.pull", "network.api.nothing", "nowhere.api.router"])
def test_a_name_that_is_no_router_is_refused(name):
    with pytest.raises(LookupError):
        wiring.router(name)
