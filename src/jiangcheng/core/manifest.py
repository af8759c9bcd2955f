"""How a module introduces itself.

A manifest is a declaration: names, pages, permissions, kinds of finding, map layers, home cards, registers,
hooks, periodic tasks and indicators. Desks read the manifests and assemble screens and schedules from them,
so that no desk and no room imports another. Views, models and functions are named by strings;
`jiangcheng.config` resolves every name at start-up and refuses unknown ones.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

logger = logging.getLogger(__name__)


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
    withheld: bool = False
    """Who answers for the enterprise alone does not see its cases: their words may tell who spoke."""


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
class FacilityCard:
    """A fragment of an enterprise's file. ``url_name`` takes the facility's code and answers HTML."""

    url_name: str
    names: Names
    permission: str
    order: int = 100


@dataclasses.dataclass(frozen=True, slots=True)
class StationCard:
    """A fragment of a station's page. ``url_name`` takes the station's code and answers HTML."""

    url_name: str
    names: Names
    permission: str
    order: int = 100
    kinds: tuple[str, ...] = ()
    """Kinds of station the card is about; empty: all."""


@dataclasses.dataclass(frozen=True, slots=True)
class CaseCard:
    """A fragment of a case's page. ``url_name`` takes the case's number and answers HTML."""

    url_name: str
    names: Names
    permission: str
    case_types: tuple[str, ...] = ()
    """Types of case the card is about; empty: all."""
    order: int = 100


@dataclasses.dataclass(frozen=True, slots=True)
class PublicPage:
    """An entry of the public site's menu; its view is marked public."""

    url_name: str
    names: Names
    icon: str = "circle"
    order: int = 100


@dataclasses.dataclass(frozen=True, slots=True)
class PublicCard:
    """A fragment of the public site's first page; its view is marked public and shows what anybody may see."""

    url_name: str
    order: int = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Hook:
    """A room's answer to a question that others may ask without knowing it.

    ``function`` is ``module.services.name`` or ``module.queries.name`` and takes keyword arguments. It runs
    in the asker's transaction; what it raises stops the asker. The points and their signatures:

    ``person.todo``
        ``(user, now) -> list[ToDo]``: what waits for a person.
    ``case.proposals``
        ``(case_number, at) -> list[Proposed]``: who could be sent to a case by the matter it is about.
    ``case.acted.<case type>``
        ``(case_number, action, actor, now, details, text) -> None``: a case of a type took a step.
    ``case.converted.<target>``
        ``(case_number, actor, now, reason) -> Opened``: a case is turned into something graver.
    ``facility.checklist``
        ``(facility_code, on) -> list[CheckItem]``: what to look at in a plant, from its permit.
    ``facility.events``
        ``(facility_code, since, until) -> list[dict]``: decisions that count for credit, each with ``number``,
        ``date``, ``points_key``, ``text_zh``, ``text_en`` and ``url``.
    ``agency.quality``
        ``(since, until) -> list[dict]``: what monitoring agencies delivered in a period of days: ``number``,
        ``name_zh``, ``name_en``, ``region`` (code), ``qualified``, ``url``, and the counts ``samples``,
        ``voided``, ``lab_failed``, ``checks``, ``failed``, ``inspections``, ``inspection_score`` (or None),
        ``penalties``.
    ``facility.inspections``
        ``(facility_code, since, until) -> list[dict]``: inspections made in a period of instants, each with
        ``number``, ``at``, ``result`` (a code), ``text_zh``, ``text_en`` and ``url``.
    ``facility.visited``
        ``(facility_code, actor, at, answers, summary, result, files) -> Opened | None``: a check list was
        answered in the field.
    ``facility.search``
        ``(text, scope, on) -> list[str]``: codes of facilities that a text names, e.g. a plate.
    ``fire.seen``
        ``(source, reference, at, longitude, latitude, now, text="", uncertainty=None) -> str``: a fire was seen;
        the number of the incident it belongs to.
    ``permit.total_changed``
        ``(facility_code, pollutant, change, year, reference, actor, now) -> None``: a trade of discharge rights
        moves the yearly total [t] of a permit; a person decides on the proposal.
    ``outlet.masses``
        ``(facility_code, year, quarter, now) -> list[dict]``: what online monitors say the outlets of a plant
        emitted in a quarter: ``outlet``, ``station``, ``pollutant`` (code), ``mass`` and ``replaced`` [kg],
        ``replaced_hours``, ``unknown_hours``, ``months`` (first day to kg) and ``url``.
    ``section.months``
        ``(station, item, year) -> dict[int, float | None]``: monthly means [mg/L] of an item (``codmn``, ``nh3n``,
        ``tp`` …) at a section of surface water, by month 1–12.
    ``response.active``
        ``(at) -> list[dict]``: responses of a room that run, for the command centre: ``number``, ``name_zh``,
        ``name_en``, ``level``, ``url``, ``orders`` and ``acknowledged`` (counts).
    ``place.receptors``
        ``(west, south, east, north) -> list[dict]``: what has to be protected in a box: ``name``, ``kind`` (in the
        reader's language), ``people``, ``longitude``, ``latitude``.
    ``complaint.observations``
        ``(kind, since, until) -> list[dict]``: located complaints of a kind as observations: ``case``, ``at``,
        ``longitude``, ``latitude``, ``text`` and ``reporter``, a digest that is the same for the same contact.
    ``station.packets``
        ``(mns, start, end) -> list[dict]``: what devices sent, as it came: ``seq``, ``received``, ``mn``, ``cn``,
        ``raw``, and ``check``, the name of the CRC that fits.
    ``record.<register>.<action>``
        ``(record_number, actor, now, details, text) -> None``: a row of a register took a step; ``create``
        is the first one, with nobody as actor where a rule acted.
    """

    point: str
    function: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ToDo:
    """One thing that waits for a person."""

    kind: str
    """Case, visit, task, duty …: a code that is the same for all of one source."""
    title_zh: str
    title_en: str
    url: str
    due_at: dt.datetime | None = None
    since: dt.datetime | None = None
    severity: int = 2
    number: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Proposed:
    """Somebody who could be sent to a case, and why."""

    user_id: int
    why: Names


@dataclasses.dataclass(frozen=True, slots=True)
class Opened:
    """What a conversion opened."""

    number: str
    url: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CheckItem:
    """One question of a check list, with the clause or permit condition it comes from."""

    code: str
    question_zh: str
    question_en: str
    basis: str
    answer: str = "yes_no"
    """``yes_no``, ``number`` or ``text``."""
    unit: str = ""
    expected: str = ""
    """What the permit says, where it says a number or a name."""


@dataclasses.dataclass(frozen=True, slots=True)
class NotificationKind:
    """A kind of message to people, and whether it may leave the house when nobody has chosen."""

    code: str
    names: Names
    outside: bool = False
    """True where e-mail, SMS and chat are used by default, false for the message centre only."""


@dataclasses.dataclass(frozen=True, slots=True)
class LabelValue:
    """A value a facility may carry in a scheme, with the colour it shows in."""

    code: str
    names: Names
    colour: str = ""
    """``#rrggbb``, never the only sign."""


@dataclasses.dataclass(frozen=True, slots=True)
class LabelScheme:
    """A classification of facilities: a credit grade, one of four colours, membership of a list."""

    code: str
    names: Names
    values: tuple[LabelValue, ...]
    public: bool = False
    """True where anybody may see the value of a facility."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A register (台账): one model, a subclass of `core.records.models.Record`, and this declaration.

    The list with its filters, the detail with its history, the form, import and export, the map layer and
    the menu entry follow from it at ``/records/<code>/``.
    """

    code: str
    """Short, unique, with hyphens: the address, and the start of its URL names ``records:<code>``."""
    names: Names
    """Of the register as a whole, as the menu shows it."""
    model: str
    """``app_label.Model``."""
    view: str
    """Permission to see rows within the own scope."""
    change: str
    """Permission to add and change rows within the own scope, and to import."""
    columns: tuple[str, ...]
    """Fields of the list."""
    fields: tuple[str, ...]
    """Fields a person may write, in the order of the form; the columns of the import template."""
    filters: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    """Text fields that ``?q=`` looks into."""
    key: tuple[str, ...] = ("number",)
    """What tells rows apart: a row of an import with a known key changes that row."""
    prefix: str = ""
    """Start of numbers given automatically, ``<prefix>-2026-0001``; empty: the person writes the number."""
    personal: tuple[str, ...] = ()
    """Fields masked for everybody without ``access.personal``; reading them is audited."""
    public: tuple[str, ...] = ()
    """Fields anybody may see on the public site; empty: the register is not public."""
    public_when: tuple[str, ...] = ()
    """States in which a row is public; empty with ``public`` set: in every state."""
    workflow: str = ""
    """Code of the workflow that moves the rows; empty: rows have no life cycle."""
    overdue: str = ""
    """Kind of finding reported when ``due_at`` of a row that is not final has passed; empty: none."""
    on_file: bool = False
    """True: the rows of a facility show in the enterprise's file."""
    geometry: bool = False
    """True: the rows with a position are a layer of the one map."""
    in_field: bool = False
    """True: rows a person may move on are tasks in the field app, off line too; needs a workflow."""
    parties: tuple[tuple[str, str], ...] = ()
    """Fields that hold the code of a further facility with a part in a row, each with its permission.

    Who speaks for such a facility sees the row and holds that permission on it; nobody else holds it there,
    so that a step of one party is not taken by another."""
    open_in: tuple[str, ...] = ()
    """States in which people may change or withdraw a row; empty: in every state."""
    group: str = "modules"
    icon: str = "list"
    order: int = 500
    cards: tuple[str, ...] = ()
    """URL names of fragments on a row's page; each takes the row's number."""


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


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report that is produced for every day, week, month or year and kept as frozen versions.

    ``function`` is ``module.queries.name`` or ``module.services.name`` and takes ``(first, last)``: the local
    dates of ``[first, last)``. It returns a tuple of `core.reports.rules.ReportSection` and reads nothing but
    what is stored, no clock: the same rows give the same report. Without any row it returns an empty tuple.
    """

    code: str
    names: Names
    function: str
    period: str
    """``day``, ``week`` (from Monday), ``month`` or ``year``."""
    permission: str
    """Who holds it for the whole city may read, produce and subscribe."""
    hour: int = 8
    """Local hour after the end of the period from which the clock produces it."""
    order: int = 100


@dataclasses.dataclass(frozen=True, slots=True)
class ApiRouter:
    """Operations of the JSON API. ``router`` is ``module.api.router``, a Ninja router with its own permission."""

    router: str
    etag: bool = True
    """Whether a caller who holds the present answer is told so (304); not where every answer is written down."""


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
    registers: tuple[Register, ...] = ()
    facility_cards: tuple[FacilityCard, ...] = ()
    station_cards: tuple[StationCard, ...] = ()
    case_cards: tuple[CaseCard, ...] = ()
    public_pages: tuple[PublicPage, ...] = ()
    public_cards: tuple[PublicCard, ...] = ()
    notification_kinds: tuple[NotificationKind, ...] = ()
    label_schemes: tuple[LabelScheme, ...] = ()
    hooks: tuple[Hook, ...] = ()
    api: tuple[ApiRouter, ...] = ()
    reports: tuple[Report, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Gathered:
    """What the rooms answered, and the names of those that failed."""

    answers: list[Any]
    silent: list[Names]


class Registry:
    """The manifests of this installation, in the order in which they were added."""

    def __init__(self) -> None:
        self._manifests: dict[str, Manifest] = {}
        self._resolve: Callable[[str], Callable[..., Any]] | None = None

    def resolve_with(self, resolve: Callable[[str], Callable[..., Any]]) -> None:
        """Take the way in which names of functions become functions; `jiangcheng.config` brings it."""
        self._resolve = resolve

    def add(self, manifest: Manifest) -> None:
        """Add a manifest.

        Raises
        ------
        ValueError
            If a manifest, or one of the coded things it declares, is already there.
        """
        if self._manifests.get(manifest.code) == manifest:
            return
        if manifest.code in self._manifests:
            raise ValueError(f"two manifests are called {manifest.code!r}")
        for field in (
            "permissions",
            "finding_kinds",
            "map_layers",
            "registers",
            "label_schemes",
            "notification_kinds",
            "reports",
        ):
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
        """Return all pages and registers, ordered within their group."""
        registers = (
            Page(f"records:{item.code}", item.names, item.view, item.group, item.icon, item.order)
            for item in self._each("registers")
        )
        return sorted([*self._each("pages"), *registers], key=lambda page: page.order)

    def finding_kinds(self) -> dict[str, FindingKind]:
        """Return all kinds of finding by code."""
        return {item.code: item for item in self._each("finding_kinds")}

    def map_layers(self) -> list[MapLayer]:
        """Return all map layers, those of the registers among them, in drawing order."""
        registers = (
            MapLayer(
                f"records.{item.code}",
                item.names,
                f"records:{item.code}-layer",
                item.view,
                geometry="point",
                visible=False,
                order=item.order,
            )
            for item in self._each("registers")
            if item.geometry
        )
        return sorted([*self._each("map_layers"), *registers], key=lambda layer: layer.order)

    def registers(self) -> dict[str, Register]:
        """Return all registers by code."""
        return {item.code: item for item in self._each("registers")}

    def facility_cards(self) -> list[FacilityCard]:
        """Return the fragments of an enterprise's file in their order."""
        return sorted(self._each("facility_cards"), key=lambda card: card.order)

    def station_cards(self) -> list[StationCard]:
        """Return the fragments of a station's page in their order."""
        return sorted(self._each("station_cards"), key=lambda card: card.order)

    def case_cards(self) -> list[CaseCard]:
        """Return the fragments of a case's page in their order."""
        return sorted(self._each("case_cards"), key=lambda card: card.order)

    def public_pages(self) -> list[PublicPage]:
        """Return the menu of the public site."""
        return sorted(self._each("public_pages"), key=lambda page: page.order)

    def public_cards(self) -> list[PublicCard]:
        """Return the fragments of the public site's first page."""
        return sorted(self._each("public_cards"), key=lambda card: card.order)

    def label_schemes(self) -> dict[str, LabelScheme]:
        """Return all classifications of facilities by code."""
        return {item.code: item for item in self._each("label_schemes")}

    def notification_kinds(self) -> dict[str, NotificationKind]:
        """Return all kinds of message by code."""
        return {item.code: item for item in self._each("notification_kinds")}

    def reports(self) -> dict[str, Report]:
        """Return all reports by code, in their order."""
        return {item.code: item for item in sorted(self._each("reports"), key=lambda item: item.order)}

    def call(self, function: str, **arguments: Any) -> Any:
        """Return what a function that a manifest names answers.

        Raises
        ------
        RuntimeError
            Before `resolve_with`.
        """
        if self._resolve is None:
            raise RuntimeError("nobody has told the registry how names become functions")
        return self._resolve(function)(**arguments)

    def hooks(self, point: str) -> list[Hook]:
        """Return who answers at a point."""
        return [hook for hook in self._each("hooks") if hook.point == point]

    def ask(self, point: str, **arguments: Any) -> list[Any]:
        """Return the answers of all rooms at a point; empty where nobody answers.

        Raises
        ------
        RuntimeError
            Before `resolve_with`.
        """
        if self._resolve is None:
            raise RuntimeError("nobody has told the registry how names become functions")
        return [self._resolve(hook.function)(**arguments) for hook in self.hooks(point)]

    def gather(self, point: str, **arguments: Any) -> Gathered:
        """Return the answers of the rooms that can answer, and which could not; for pages that only show.

        What decides, such as a conversion, uses `ask` and falls with the room that falls.
        """
        if self._resolve is None:
            raise RuntimeError("nobody has told the registry how names become functions")
        found = Gathered([], [])
        for manifest in self:
            for hook in manifest.hooks:
                if hook.point != point:
                    continue
                try:
                    found.answers.append(self._resolve(hook.function)(**arguments))
                except Exception:
                    logger.exception("%s could not answer %s", hook.function, point)
                    found.silent.append(manifest.names)
        return found

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
