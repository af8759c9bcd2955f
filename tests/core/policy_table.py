"""Who gets what at which address, asked of the running application and written down for review.

The table is ``policy.csv``. A test compares it; after a wanted change write it anew and read the difference:

    JIANGCHENG_WRITE_POLICY=1 python -m pytest tests/core/test_policy.py -k reviewed
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import pathlib
import re

from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.test import Client

from core import city
from jiangcheng.core.access import services as access
from jiangcheng.core.cases.models import Case
from jiangcheng.core.manifest import manifests
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry.models import Facility, Region

TABLE = pathlib.Path(__file__).parent / "policy.csv"
PEOPLE = {
    "duty": "duty_officer", "department": "department", "verifier": "verifier", "leader": "leader",
    "officer": "enforcement_officer", "reviewer": "legal_reviewer",
    "inspector": "grid_inspector, own county", "colleague": "grid_inspector, other county",
    "enterprise": "enterprise, own plant", "rival": "enterprise, other plant",
    "system": "system_admin", "security": "security_admin", "auditor": "audit_admin",
}  # fmt: skip
"""The columns after that of who has not logged in: names of people, and what they are."""
CHANGING = {"logout", "language"}
"""They end or change the session that asks."""


def people():
    """Return the people of the small city with those that only this table asks about."""
    found = city.people()
    for name in ("officer", "reviewer", "security"):
        user = access.create_user(username=name, password=city.PASSWORD, display_name=name, at=city.AT)
        access.assign_role(user=user, role=PEOPLE[name].split(",")[0], on=dt.date(2026, 1, 1), at=city.AT)
        found[name] = user
    return found


def fill_registers():
    """Put one row into every register, of the own plant in the own county; return the numbers by register."""
    plant, region = Facility.objects.get(code=city.PLANT), Region.objects.get(code="220202")
    numbers = {}
    for declared in manifests.registers().values():
        model = records.model_of(declared.code)
        flow = records.workflow_of(declared)
        values = {
            "number": f"ROW-{declared.code}"[:40], "facility": plant, "region": region, "workflow": flow,
            "state": flow.definition["initial"] if flow else "", "state_at": city.AT, "created_at": city.AT,
        }  # fmt: skip
        numbers[declared.code] = model.objects.create(**_filled(model, values)).number
    return numbers


def ask(routes, everyone):
    """Return the table: per address its permission and what each person gets."""
    numbers = fill_registers()
    clients = {"nobody": Client()}
    for name in PEOPLE:
        clients[name] = Client()
        clients[name].force_login(everyone[name])
    rows = []
    for route, permission in sorted(routes):
        path = _path(route, numbers)
        row = {"address": route, "permission": permission, "nobody": _outcome(clients["nobody"], path)}
        for name in PEOPLE:
            row[PEOPLE[name]] = _outcome(clients[name], path)
        rows.append(row)
    return rows


def as_csv(rows):
    """Return the table as text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _outcome(client, path):
    """Ask once, take everything back, and say it in a word.

    ``yes``: the view answers, be it that the form is empty; ``hidden``: there is no such thing for this
    person; ``no``: not allowed.
    """
    with transaction.atomic():
        answer = client.get(path)
        if answer.status_code == 405:
            answer = client.post(path)
        transaction.set_rollback(True)
    if answer.status_code in (401, 403) or answer.get("Location", "").startswith("/login?"):
        return "no"
    assert answer.status_code < 500, (path, answer.status_code)
    return "hidden" if answer.status_code == 404 else "yes"


def _path(route, numbers):
    register = re.match(r"records/([a-z-]+)/<", route)
    number = numbers.get(register[1], "") if register else _number(route, numbers)
    station = "stations/" in route
    given = {
        "code": "P1" if station else city.PLANT, "number": number, "form": "csv", "day": "2026-11-01",
        "what": "regions", "kind": "report", "username": "rival", "mn": city.DEVICE, "token": "x", "sha256": "0" * 64,
    }  # fmt: skip
    blank = {"int": "1", "uuid": "00000000-0000-0000-0000-000000000001"}

    def value(found):
        converter, name = found[1] or "str", found[2]
        return blank.get(converter) or given.get(name, "x")

    return "/" + re.sub(r"<(?:(\w+):)?(\w+)>", value, route)


def _number(route, numbers):
    """Return the number of the row that an address outside the registers is about."""
    if "cases/" in route:
        return Case.objects.get(facility__code=city.PLANT).number
    about = {
        "credit/disclos": "disclosures", "inspections/draws": "draws", "inspections/": "visits",
        "enforcement/": "punishments", "inspectorate/": "problems", "public/openings": "openings",
        "public/releases": "releases", "greening/projects": "project-access",
        "network/campaigns": "campaigns", "network/agencies": "agencies", "network/requests": "data-requests",
    }  # fmt: skip
    register = next((code for start, code in about.items() if route.startswith(start)), "")
    return numbers.get(register, "X")


def _filled(model, values):
    """Return values with an example for every other field that a row needs."""
    needed = [
        field for field in model._meta.concrete_fields if field.name not in values and not _optional(field)
    ]
    return {**values, **{field.name: _something(field) for field in needed}}


def _optional(field):
    return field.primary_key or field.null or field.has_default() or (field.blank and not field.is_relation)


def _something(field):
    if field.choices:
        return next(iter(field.flatchoices))[0]
    if isinstance(field, models.ForeignKey):
        kept = field.related_model._default_manager
        return kept.first() or kept.create(**_filled(field.related_model, {}))
    if isinstance(field, models.JSONField) and field.validators:
        return city.square(126, 43, 127, 44)
    least = [item.limit_value for item in field.validators if isinstance(item, MinValueValidator)]
    if least and isinstance(field, models.IntegerField):
        return max(least)
    for kind, value in (
        (models.DateTimeField, city.AT), (models.DateField, city.ON), (models.BooleanField, False),
        (models.JSONField, {}), (models.UUIDField, "00000000-0000-0000-0000-000000000001"),
        (models.CharField, "x"), (models.TextField, "x"), (models.DecimalField, 1), (models.FloatField, 1.0),
        (models.IntegerField, 1),
    ):  # fmt: skip
        if isinstance(field, kind):
            return value
    raise LookupError(f"no example of {field}")
