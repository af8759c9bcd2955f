"""The list of systems that the plans name: complete, and nothing on it that does not exist."""

from __future__ import annotations

import ast
import contextlib
import csv
import dataclasses
import functools
import importlib
import json
import pathlib
import re

import pytest
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, resolve, reverse

from core import city
from jiangcheng.config import main
from jiangcheng.core.access import services as access
from jiangcheng.core.access.services.guard import PUBLIC, permission_of
from jiangcheng.core.manifest import manifests
from jiangcheng.modules.plan import rules

ROOT = pathlib.Path(__file__).resolve().parents[2]


@functools.cache
def functions_of(file: str) -> frozenset[str]:
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def wrong_with(system: rules.System) -> list[str]:
    """Return what a row claims that is not so."""
    names = get_resolver().reverse_dict
    found = []
    for name in system.url_names:
        space, _colon, view = name.partition(":")
        try:
            inner = get_resolver().namespace_dict[space][1].reverse_dict
        except KeyError:
            inner = names
        if view not in inner:
            found.append(f"no address {name}")
    found += [f"no register {code}" for code in system.registers if code not in manifests.registers()]
    for function in system.functions:
        module, _dot, name = function.rpartition(".")
        if not callable(getattr(importlib.import_module(module), name, None)):
            found.append(f"no function {function}")
    for test in system.tests:
        file, _colons, name = test.partition("::")
        if name not in functions_of(file):
            found.append(f"no test {test}")
    if system.state not in ("works", "partly", "absent"):
        found.append(f"no state {system.state}")
    if system.state == "works" and not system.tests:
        found.append("works without a test")
    if system.state != "absent" and not (system.url_names or system.registers or system.functions):
        found.append("nothing implements it")
    if system.state != "works" and not (system.reason_zh and system.reason_en):
        found.append("no reason why it does not work")
    return found


@functools.cache
def parts_of(file: str) -> dict[str, str]:
    """Return the source of every function and constant at the top of a file of tests, by name."""
    text = (ROOT / file).read_text(encoding="utf-8")
    lines, found = text.splitlines(), {}
    for node in ast.parse(text).body:
        names = [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
        if isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        first = min([node.lineno, *(mark.lineno for mark in getattr(node, "decorator_list", ()))])
        found |= dict.fromkeys(names, "\n".join(lines[first - 1 : node.end_lineno]))
    return found


@functools.cache
def parts_at_hand(file: str) -> dict[str, str]:
    """Return the parts of a file of tests, of the helpers it imports, and of the fixtures beside it."""
    imported = [
        f"tests/{node.module.replace('.', '/')}.py"
        for node in ast.parse((ROOT / file).read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.module
    ]
    beside = f"{pathlib.PurePosixPath(file).parent}/conftest.py"
    return {
        name: text
        for other in (*imported, beside, file)
        if (ROOT / other).is_file()
        for name, text in parts_of(other).items()
    }


@functools.cache
def source_of(test: str) -> str:
    """Return the source of a test with that of the helpers, fixtures and constants it uses, one after another."""
    file, _colons, name = test.partition("::")
    parts, found, waiting = parts_at_hand(file), {}, [name]
    while waiting:
        name = waiting.pop()
        if name in parts and name not in found:
            found[name] = parts[name]
            waiting += re.findall(r"[A-Za-z_]\w*", parts[name])
    return "\n".join(found.values())


def marks_of(system: rules.System) -> list[str]:
    """Return patterns one of which a test shows that has to do with what a row names."""
    # A test that walks the registers of the manifest walks each of them.
    marks = [r"\bin manifests\.registers\(\)"] if system.registers else []
    for code in system.registers:
        model = manifests.registers()[code].model.rpartition(".")[2]
        marks += [rf"""["'/]{code}["'/]""", rf"\b{model}\b"]
    for name in system.url_names:
        space, _colon, view = name.partition(":")
        # Some files say the room once, in a helper, and the page in the test.
        marks += [rf"\b{name}\b", rf"""(?s)\A(?=.*\b{space}:\{{)(?=.*["']{view}["'])"""]
        with contextlib.suppress(NoReverseMatch):
            marks.append(rf"""["']{re.escape(reverse(name))}["'?]""")
    return marks + [rf"\b{function.rpartition('.')[2]}\(" for function in system.functions]


def strangers(system: rules.System) -> list[str]:
    """Return the tests of a row that touch nothing of what the row names."""
    marks = marks_of(system)
    return [test for test in system.tests if not any(re.search(mark, source_of(test)) for mark in marks)]


def test_every_test_of_a_system_touches_what_the_row_names():
    working = [system for system in rules.systems() if system.state == "works"]
    assert {system.id: strangers(system) for system in working if strangers(system)} == {}
    system = next(row for row in working if row.id == "P12-02")
    other = dataclasses.replace(system, tests=("tests/modules/test_air_rules.py::test_worked_examples",))
    assert strangers(other) == list(other.tests)


def test_every_system_is_listed_and_what_it_names_exists():
    assert {system.id: wrong_with(system) for system in rules.systems() if wrong_with(system)} == {}
    assert len(rules.systems()) == len({system.id for system in rules.systems()}) == 175


def test_the_list_is_that_of_the_plans(shared_plan):
    with (shared_plan / "systems.csv").open(encoding="utf-8-sig", newline="") as file:
        facts = {row["id"]: row["name_zh"] for row in csv.DictReader(file)}
    assert {system.id: system.name_zh for system in rules.systems()} == facts


@pytest.mark.parametrize(
    "claim",
    [
        {"tests": ()},
        {"tests": ("tests/modules/test_plan.py::test_that_nobody_wrote",)},
        {"tests": ("tests/modules/test_nothing.py::test_x",)},
        {"url_names": ("plan:nowhere",)},
        {"registers": ("no-such-register",)},
        {"functions": ("jiangcheng.modules.plan.services.no_such_function",)},
        {"state": "perhaps"},
        {"state": "partly", "reason_zh": ""},
    ],
)
def test_a_claim_that_does_not_hold_is_refused(claim):
    system = next(row for row in rules.systems() if row.id == "P13-01")
    assert wrong_with(system) == []
    assert wrong_with(dataclasses.replace(system, **claim))


def test_the_command_lists_every_system_as_json(capsys):
    assert main.main(["systems", "status", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 175
    assert {row["status"] for row in rows} <= {"works", "partly", "absent"}
    assert all(row["tests"] for row in rows if row["status"] == "works")
    assert all(row["reason"] and row["reason_en"] for row in rows if row["status"] != "works")


def test_the_addresses_and_registers_of_working_systems_open_to_whom_they_may_and_to_nobody_else(everybody):
    """A page says something even where nothing has been entered; whoever holds nothing is refused."""
    working = [system for system in rules.systems() if system.state == "works"]
    names = {name for system in working for name in system.url_names}
    # The lists of registers are walked with a row in them by the tests of every register.
    lists = [reverse(f"records:{code}") for system in working for code in system.registers]
    assert {permission_of(resolve(address).func) for address in lists} <= manifests.permissions().keys()
    nobody = Client()
    nobody.force_login(
        access.create_user(username="nobody", password=city.PASSWORD, display_name="无", at=city.AT)
    )
    opened, wrong = 0, {}
    for name in sorted(names):
        try:
            address = reverse(name)
        except NoReverseMatch:
            # Needs a row: the named tests open it.
            continue
        opened += 1
        answer = everybody.get(address)
        if answer.status_code == NOT_ALLOWED:
            # Takes a form only.
            continue
        codes = answer.status_code, nobody.get(address).status_code
        public = permission_of(resolve(address).func) == PUBLIC
        if codes != (200, 200 if public else 403):
            wrong[name] = codes
        elif len(words(answer)) < LEAST:
            wrong[name] = words(answer)
    assert wrong == {}
    assert opened > 60


def words(answer):
    """Return what an answer says below its heading, without the menu."""
    text = answer.content.decode()
    main = text.partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split()) or text


NOT_ALLOWED = 405
LEAST = 20
"""Characters a page says at least."""


@pytest.mark.django_db
def test_the_province_sees_how_many_systems_work():
    city.build()
    client = Client()
    client.force_login(city.people()["leader"])
    works = sum(system.state == "works" for system in rules.systems())
    page = client.get(reverse("plan:systems"))
    assert page.context["percent"] == 100 * works / len(rules.systems())
    assert sum(done for _name, done, _count, _here in page.context["tiles"]) == works
    assert f"{works} / {len(rules.systems())}" in client.get(reverse("plan:province")).content.decode()
