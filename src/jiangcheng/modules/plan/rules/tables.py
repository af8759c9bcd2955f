"""The room's dated tables and the rows of the plans: sources, tasks, projects, bindings, systems."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import functools
import json
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """Where a target stands in its plan, word for word. ``row_type`` tells a number from a milestone."""

    id: str
    document: str
    chapter: str
    section: str
    sentence: str
    quote: str
    also_quoted: str
    row_type: str


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """A task of a plan.

    ``department_basis`` is ``plan`` where the plan names the unit, ``proposal`` where the platform proposes
    one and a person has to confirm it. ``partners`` are codes of units with blanks between.
    """

    id: str
    parent: str
    document: str
    chapter: str
    section: str
    heading: str
    name_zh: str
    name_en: str
    department: str
    partners: str
    department_basis: str
    deadline: str
    kind: str
    room: str
    sentences: str
    quote: str


@dataclasses.dataclass(frozen=True, slots=True)
class Binding:
    """How a target follows from a register, or from what is installed.

    ``kind`` is ``count`` (rows that match ``where``), ``share`` (of the rows that match ``of``, in percent),
    ``ratio`` (sum of ``numerator`` ÷ sum of ``denominator``, in percent), ``sum`` (of the fields in ``names``),
    ``all`` or ``exists`` (1 where every row, or any row, matches, else 0), ``indicator`` (what a room computes
    under the code in ``names``, year by year), ``peak`` (1 where the highest of these years lies before the
    latest, else 0), ``rooms`` or ``pages`` (how many of ``names`` are installed; a room counts as often as it is
    named). ``negate`` removes rows; the value ``now`` stands for the instant. ``year_field`` limits the rows to
    the year that is scored. ``scale`` turns sums and indicators into the unit of the target. ``against`` is the
    field whose sum is the target, or ``goal`` the number, where the plan leaves it to another document.
    """

    target: str
    kind: str
    register: str = ""
    where: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    negate: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    of: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    numerator: str = ""
    denominator: str = ""
    year_field: str = ""
    names: tuple[str, ...] = ()
    scale: float = 1.0
    against: str = ""
    goal: float | None = None
    clause: str = ""
    unit: str = ""
    note_zh: str = ""
    note_en: str = ""

    @property
    def registers(self) -> tuple[str, ...]:
        """Return the registers whose rows count together; ``register`` names them with blanks between."""
        return tuple(self.register.split())


@dataclasses.dataclass(frozen=True, slots=True)
class System:
    """A system that the plans name, and what in this platform implements it.

    ``state`` is ``works``, ``partly`` or ``absent``. ``url_names``, ``registers``, ``functions`` and ``tests``
    are checked to exist; a row that works names at least one test.
    """

    id: str
    group: str
    name_zh: str
    name_en: str
    quote: str
    acceptance: str
    state: str
    url_names: tuple[str, ...]
    registers: tuple[str, ...]
    functions: tuple[str, ...]
    tests: tuple[str, ...]
    reason_zh: str
    reason_en: str


def rows(name: str) -> Iterable[dict[str, str]]:
    """Return the rows of a CSV table of the room."""
    return csv.DictReader(_text(f"{name}.csv").splitlines())


@functools.cache
def table(name: str) -> tuple[dict[str, Any], ...]:
    """Return all editions of a dated table, the oldest first."""
    editions = json.loads(_text(f"{name}.json"))
    return tuple(sorted(editions, key=lambda edition: edition["valid_from"]))


def in_force(name: str, on: datetime.date) -> dict[str, Any]:
    """Return the edition of a dated table that holds on a date.

    Raises
    ------
    LookupError
        If the date lies before the first edition.
    """
    held = [edition for edition in table(name) if edition["valid_from"] <= on.isoformat()]
    if not held:
        raise LookupError(f"{name} has no edition for {on}")
    return held[-1]


@functools.cache
def words(name: str) -> dict[str, tuple[str, str]]:
    """Return the names zh and en by code, in the order of the table.

    ``name`` is ``departments``, ``themes``, ``units``, ``chapters`` or ``documents``.
    """
    return {row["code"]: (row["name_zh"], row["name_en"]) for row in rows(name)}


@functools.cache
def _sources() -> dict[str, Source]:
    return {row["id"]: Source(**row) for row in rows("sources")}


def source(target_id: str) -> Source:
    """Return where a target stands in its plan."""
    return _sources()[target_id]


@functools.cache
def tasks() -> tuple[Task, ...]:
    """Return every task of both plans, in their order."""
    return tuple(Task(**row) for row in rows("tasks"))


@functools.cache
def _by_id() -> dict[str, Task]:
    return {task.id: task for task in tasks()}


def task(task_id: str) -> Task | None:
    """Return a task by its id, or None."""
    return _by_id().get(task_id)


def lead_words(task: Task, unit: str, on: datetime.date) -> tuple[str, ...]:
    """Return the words of a task that speak for a unit: the basis of the platform's proposal."""
    text = f"{task.name_zh}{task.heading}{task.quote}"
    return tuple(word for word in in_force("lead_words", on)["words"].get(unit, ()) if word in text)


@functools.cache
def project_rows() -> tuple[dict[str, str], ...]:
    """Return the projects the plans name, as the plans have them."""
    return tuple(rows("projects"))


@functools.cache
def bindings(on: datetime.date) -> dict[str, Binding]:
    """Return the bindings in force on a date by target."""
    edition = in_force("bindings", on)
    found = (Binding(**{**row, "names": tuple(row.get("names", ()))}) for row in edition["bindings"])
    return {binding.target: binding for binding in found}


@functools.cache
def systems() -> tuple[System, ...]:
    """Return every system of the plans with what implements it."""
    return tuple(_system(row) for row in rows("systems"))


def _system(row: dict[str, str]) -> System:
    lists = {name: tuple(row[name].split()) for name in ("url_names", "registers", "functions", "tests")}
    return System(**{**row, **lists})  # type: ignore[arg-type]


def _text(name: str) -> str:
    return resources.files("jiangcheng.modules.plan").joinpath("data", name).read_text(encoding="utf-8")
