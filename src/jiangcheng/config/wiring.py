"""Reads every manifest at start-up and resolves the names in it."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from typing import Any

from django.apps import apps
from django.conf import settings
from django.urls import NoReverseMatch, reverse
from ninja import Router

from jiangcheng.core import manifest

Shown = manifest.Page | manifest.MapLayer | manifest.HomeCard
Card = manifest.FacilityCard | manifest.StationCard | manifest.CaseCard

PACKAGES = (
    *(f"jiangcheng.core.{desk}" for desk in settings.DESKS),
    *(f"jiangcheng.modules.{module}" for module in settings.MODULES),
    "jiangcheng.gateway",
)


def load_manifests() -> None:
    """Add the manifest of every desk, module and the gate; safe to call again."""
    manifest.manifests.resolve_with(resolve)
    for package in PACKAGES:
        if importlib.util.find_spec(f"{package}.module"):
            manifest.manifests.add(importlib.import_module(f"{package}.module").MANIFEST)


def resolve(function: str) -> Callable[..., Any]:
    """Return the function that ``air.tasks.evaluate`` names.

    Raises
    ------
    LookupError
        If no desk, module or the gate has it.
    """
    found = _named(function)
    if callable(found):
        return found  # type: ignore[no-any-return]
    raise LookupError(f"no function is called {function!r}")


def router(name: str) -> Router:
    """Return the router that ``air.api.router`` names.

    Raises
    ------
    LookupError
        If no desk, module or the gate has it.
    """
    found = _named(name)
    if isinstance(found, Router):
        return found
    raise LookupError(f"no router is called {name!r}")


def _named(name: str) -> Any:
    owner, _, rest = name.partition(".")
    for package in PACKAGES:
        if package.rpartition(".")[2] == owner:
            path, _, attribute = rest.rpartition(".")
            return getattr(importlib.import_module(f"{package}.{path}"), attribute, None)
    return None


def problems() -> list[str]:
    """Return what is wrong with the names in the manifests, empty if nothing."""
    found = []
    permissions = manifest.manifests.permissions()
    for declared in manifest.manifests:
        shown: list[Shown] = [*declared.pages, *declared.map_layers, *declared.home_cards]
        cards: list[Card] = [*declared.facility_cards, *declared.station_cards, *declared.case_cards]
        held: list[Shown | Card] = [*shown, *cards]
        for item in held:
            if item.permission not in permissions:
                found.append(f"{declared.code}: {item.url_name}: no permission {item.permission!r}")
        addresses: list[tuple[str, tuple[str, ...]]] = [(item.url_name, ()) for item in shown]
        addresses += [(page.url_name, ()) for page in declared.public_pages]
        addresses += [(card.url_name, ()) for card in declared.public_cards]
        addresses += [(card.url_name, ("code",)) for card in cards]
        found += [f"{declared.code}: no page {name!r}" for name, args in addresses if not _leads(name, *args)]
        found += [problem for register in declared.registers for problem in _wrong(register, permissions)]
        for declaration in declared.api:
            try:
                router(declaration.router)
            except (LookupError, ImportError) as error:
                found.append(f"{declared.code}: {error}")
        functions = [task.function for task in declared.tasks]
        functions += [hook.function for hook in declared.hooks]
        functions += [indicator.function for indicator in declared.indicators]
        functions += [report.function for report in declared.reports]
        for report in declared.reports:
            if report.permission not in permissions:
                found.append(f"{declared.code}: report {report.code}: no permission {report.permission!r}")
        for function in functions:
            try:
                resolve(function)
            except (LookupError, ImportError) as error:
                found.append(f"{declared.code}: {error}")
    return found


def _leads(url_name: str, *args: str) -> bool:
    try:
        reverse(url_name, args=args)
    except NoReverseMatch:
        return False
    return True


def _wrong(register: manifest.Register, permissions: Mapping[str, manifest.Permission]) -> list[str]:
    wrong = [
        f"no permission {code!r}" for code in (register.view, register.change) if code not in permissions
    ]
    try:
        model = apps.get_model(register.model)
    except LookupError:
        return [f"register {register.code}: no model {register.model!r}"]
    named = {*register.fields, *register.columns, *register.key, *register.personal, *register.public}
    named |= {name.split("__")[0] for name in register.search}
    known = {field.name for field in model._meta.get_fields()}
    wrong += [f"no field {name!r}" for name in sorted(named - known)]
    if register.overdue and register.overdue not in manifest.manifests.finding_kinds():
        wrong.append(f"no kind of finding {register.overdue!r}")
    wrong += [f"no page {name!r} for a row" for name in register.cards if not _leads(name, "number")]
    return [f"register {register.code}: {problem}" for problem in wrong]
