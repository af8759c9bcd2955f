"""The list of systems that the plans name: complete, and nothing on it that does not exist."""

from __future__ import annotations

import ast
import csv
import dataclasses
import functools
import importlib
import json
import pathlib

import pytest
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from core import city
from jiangcheng.config import main
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


def test_the_addresses_of_the_list_open_for_the_staff():
    # Addresses that need an argument are told as text; all others are links.
    linked = 0
    for system in rules.systems():
        for name in system.url_names:
            try:
                linked += bool(reverse(name))
            except NoReverseMatch:
                continue
    assert linked > 60


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
