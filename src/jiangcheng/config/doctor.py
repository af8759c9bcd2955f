"""Says what is wrong with an installation, and what to do about it."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import shutil
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from jiangcheng.config import wiring
from jiangcheng.core.access import services as access
from jiangcheng.core.cases import services as cases
from jiangcheng.core.records import services as records

LOW_DISK_BYTES = 2 * 2**30


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    message: str

    def as_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


def examine() -> list[Check]:
    """Look at everything; a check that itself fails is a finding, not a crash."""
    return [_guarded(name, check) for name, check in _checks()]


def _checks() -> Iterator[tuple[str, Callable[[], tuple[bool, str]]]]:
    yield "data folder", _data_folder
    yield "disk", _disk
    yield "database", _database
    yield "manifests", _manifests
    yield "front end", _front_end
    yield "audit trail", lambda: _chain(access.verify_audit())
    yield "case steps", lambda: _chain(cases.verify_steps())
    yield "record steps", lambda: _chain(records.verify_steps())


def _guarded(name: str, check: Callable[[], tuple[bool, str]]) -> Check:
    try:
        return Check(name, *check())
    except Exception as error:
        return Check(name, False, f"could not be examined: {error}")


def _data_folder() -> tuple[bool, str]:
    folder = settings.DATA
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return False, f"{folder} cannot be written; create it or set JIANGCHENG_DATA"
    return True, str(folder)


def _disk() -> tuple[bool, str]:
    free = shutil.disk_usage(settings.DATA).free
    return free >= LOW_DISK_BYTES, f"{free / 2**30:.1f} GiB free"


def _database() -> tuple[bool, str]:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return False, f"{len(missing)} migrations are missing; run: jiangcheng migrate"
    return True, f"{connection.vendor}, up to date"


def _manifests() -> tuple[bool, str]:
    problems = wiring.problems()
    return not problems, "; ".join(problems) or "every name resolves"


def _front_end() -> tuple[bool, str]:
    built = pathlib.Path(str(settings.DJANGO_VITE["default"]["manifest_path"])).exists()
    return built, "built" if built else "not built; run: make assets"


def _chain(report: access.ChainReport) -> tuple[bool, str]:
    return report.ok, f"{report.checked} entries, {'unbroken' if report.ok else report.message}"
