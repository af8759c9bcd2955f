"""How a module introduces itself.

A manifest is a declaration: names, pages, permissions, kinds of finding, map layers, home cards, periodic
tasks and indicators. Desks read the manifests and assemble screens and schedules from them, so that no
desk and no room imports another. Views and tasks are named by strings; `jiangcheng.config` resolves every
name at start-up and refuses unknown ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator


@dataclasses.dataclass(frozen=True, slots=True)
class Names:
    """A name on screen in Chinese and English."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """Return the Chinese name for any ``zh`` language code, else the English one."""
        return self.zh if language.startswith("zh") else self.en


@dataclasses.dataclass(frozen=True, slots=True)
class Permission:
    """Something a role may allow, e.g. ``cases.view``."""

    code: str
    names: Names


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """An entry of the menu. ``group`` orders the menu: overview, sense, judge, act, account, modules, system."""

    url_name: str
    names: Names
    permission: str
    group: str
    icon: str = "circle"
    order: int = 100


@dataclasses.dataclass(frozen=True, slots=True)
class FindingKind:
    """A kind of finding: how it is named, how grave it is, and the case type that closes it."""

    code: str
    names: Names
    case_type: str
    severity: int
    """1 notice, 2 ordinary, 3 grave, 4 urgent."""


@dataclasses.dataclass(frozen=True, slots=True)
class MapLayer:
    """A layer of the one map. ``url_name`` answers GeoJSON; ``?at=`` is understood where ``timed`` is set."""

    code: str
    names: Names
    url_name: str
    permission: str
    geometry: str
    """``point``, ``line`` or ``polygon``."""
    timed: bool = False
    visible: bool = True
    order: int = 100


@dataclasses.dataclass(frozen=True, slots=True)
class HomeCard:
    """A fragment of the home page, fetched from ``url_name``. ``slot`` is targets, side, centre or below."""

    url_name: str
    permission: str
    slot: str
    order: int = 100


@dataclasses.dataclass(frozen=True, slots=True)
class PeriodicTask:
    """A task run every ``every`` seconds. ``function`` is ``module.tasks.name`` and takes no argument."""

    function: str
    every: int
    names: Names


@dataclasses.dataclass(frozen=True, slots=True)
class Indicator:
    """A number of the plan that the module computes. ``function`` is ``module.tasks.name``."""

    code: str
    function: str
    names: Names


@dataclasses.dataclass(frozen=True, slots=True)
class Manifest:
    """Everything a desk, a room or the gate declares about itself."""

    code: str
    names: Names
    permissions: tuple[Permission, ...] = ()
    pages: tuple[Page, ...] = ()
    finding_kinds: tuple[FindingKind, ...] = ()
    map_layers: tuple[MapLayer, ...] = ()
    home_cards: tuple[HomeCard, ...] = ()
    tasks: tuple[PeriodicTask, ...] = ()
    indicators: tuple[Indicator, ...] = ()


class Registry:
    """The manifests of this installation, in the order in which they were added."""

    def __init__(self) -> None:
        self._manifests: dict[str, Manifest] = {}

    def add(self, manifest: Manifest) -> None:
        """Add a manifest.

        Raises
        ------
        ValueError
            If a manifest, permission, kind of finding or layer of the same code is already there.
        """
        if self._manifests.get(manifest.code) == manifest:
            return
        if manifest.code in self._manifests:
            raise ValueError(f"two manifests are called {manifest.code!r}")
        for field in ("permissions", "finding_kinds", "map_layers"):
            known = {item.code for item in self._each(field)}
            twice = known & {item.code for item in getattr(manifest, field)}
            if twice:
                raise ValueError(f"{manifest.code}: {field} declared twice: {sorted(twice)}")
        self._manifests[manifest.code] = manifest

    def __iter__(self) -> Iterator[Manifest]:
        return iter(self._manifests.values())

    def _each(self, field: str) -> Iterable:  # type: ignore[type-arg]
        return (item for manifest in self for item in getattr(manifest, field))

    def permissions(self) -> dict[str, Permission]:
        """Return all permissions by code."""
        return {item.code: item for item in self._each("permissions")}

    def pages(self) -> list[Page]:
        """Return all pages, ordered within their group."""
        return sorted(self._each("pages"), key=lambda page: page.order)

    def finding_kinds(self) -> dict[str, FindingKind]:
        """Return all kinds of finding by code."""
        return {item.code: item for item in self._each("finding_kinds")}

    def map_layers(self) -> list[MapLayer]:
        """Return all map layers in drawing order."""
        return sorted(self._each("map_layers"), key=lambda layer: layer.order)

    def home_cards(self, slot: str) -> list[HomeCard]:
        """Return the cards of one slot of the home page."""
        return sorted(
            (card for card in self._each("home_cards") if card.slot == slot), key=lambda card: card.order
        )

    def tasks(self) -> list[PeriodicTask]:
        """Return all periodic tasks."""
        return list(self._each("tasks"))

    def indicators(self) -> dict[str, Indicator]:
        """Return all computed indicators by code."""
        return {item.code: item for item in self._each("indicators")}


manifests = Registry()
