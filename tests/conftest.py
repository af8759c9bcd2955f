"""What every test may ask for: real shared data, a real database."""

from __future__ import annotations

import pathlib

import hypothesis
import pytest
from django.utils import translation

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

OF_THE_DEMO = ("test_main_job.py", "test_stories.py")
"""Journeys that walk through the demo city; the others share the small one."""

# A busy machine is no defect of the code under test.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give all journeys of one city to one worker: every worker would start a city of its own.

    The groups of xdist 3.8 are read from ids that pytest 9.2 no longer keeps.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByCity(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            if not path.startswith("tests/journeys/"):
                return nodeid
            return "demo city" if path.endswith(OF_THE_DEMO) else "small city"

    return ByCity(config, log)


@pytest.fixture(scope="session")
def shared_data() -> pathlib.Path:
    """The folder of real data with provenance that lies beside the project, or a skip with the reason."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the shared data folder is not beside this checkout")
    return SHARED / "data"


@pytest.fixture(scope="session")
def shared_plan() -> pathlib.Path:
    """The folder with the two public plans in tables, or a skip with the reason."""
    if not (SHARED / "plan").is_dir():
        pytest.skip("the shared plan folder is not beside this checkout")
    return SHARED / "plan"


@pytest.fixture(autouse=True)
def _own_language() -> None:
    """Keep the language one test's reader asked for away from the next test."""
    translation.activate("zh-hans")


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Keep every test away from the data of an installation in this folder, and from other tests'."""
    settings.DATA = tmp_path
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.OBSERVATIONS = {**settings.OBSERVATIONS, "sealed": tmp_path / "sealed"}
    settings.GATEWAY = {**settings.GATEWAY, "journal": tmp_path / "journal"}


@pytest.fixture(autouse=True)
def _quick_passwords(settings) -> None:  # type: ignore[no-untyped-def]
    """Hash passwords in no time: hundreds of tests create people, and none measures the strength of a hash."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _no_files(settings) -> None:  # type: ignore[no-untyped-def]
    """Serve no static files in the process of the tests: each client would list them all first.

    The journeys get theirs from a real server.
    """
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.startswith("servestatic.")]


@pytest.fixture(scope="session", autouse=True)
def _manifests() -> None:
    """Load the manifests, as every process of the product does at start-up."""
    from jiangcheng.config import wiring

    wiring.load_manifests()
