"""Reads every manifest at start-up and resolves the names in it."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from jiangcheng.core import manifest

Shown = manifest.Page | manifest.MapLayer | manifest.HomeCard

PACKAGES = (
    *(f"jiangcheng.core.{desk}" for desk in settings.DESKS),
    *(f"jiangcheng.modules.{module}" for module in settings.MODULES),
    "jiangcheng.gateway",
)


def load_manifests() -> None:
    """Add the manifest of every desk, module and the gate; safe to call again."""
    for package in PACKAGES:
        if importlib.util.find_spec(f"{package}.module"):
            manifest.manifests.add(importlib.import_module(f"{package}.module").MANIFEST)


def resolve(function: str) -> Callable[[], object]:
    """Return the task ``air.tasks.evaluate`` names.

    Raises
    ------
    LookupError
        If no desk, module or the gate has it.
    """
    owner, _, rest = function.partition(".")
    for package in PACKAGES:
        if package.rpartition(".")[2] == owner:
            path, _, name = rest.rpartition(".")
            found = getattr(importlib.import_module(f"{package}.{path}"), name, None)
            if callable(found):
                return found  # type: ignore[no-any-return]
    raise LookupError(f"no task is called {function!r}")


def problems() -> list[str]:
    """Return what is wrong with the names in the manifests, empty if nothing."""
    found = []
    permissions = manifest.manifests.permissions()
    for declared in manifest.manifests:
        shown: list[Shown] = [*declared.pages, *declared.map_layers, *declared.home_cards]
        for item in shown:
            if item.permission not in permissions:
                found.append(f"{declared.code}: {item.url_name}: no permission {item.permission!r}")
            try:
                reverse(item.url_name)
            except NoReverseMatch:
                found.append(f"{declared.code}: no page {item.url_name!r}")
        functions = [task.function for task in declared.tasks]
        functions += [indicator.function for indicator in declared.indicators]
        for function in functions:
            try:
                resolve(function)
            except (LookupError, ImportError) as error:
                found.append(f"{declared.code}: {error}")
    return found
