"""Fills an empty installation for the journeys: areas, a person per role, a few events. Run as a script."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys

import django

PASSWORD = "jiangcheng-journey"
PEOPLE = {
    "duty": ("duty_officer", "值班员王"),
    "grid": ("grid_inspector", "网格员李"),
    "department": ("department", "处置赵"),
    "verifier": ("verifier", "核查孙"),
    "leader": ("leader", "领导周"),
    "audit": ("audit_admin", "审计吴"),
}
WEST, SOUTH, EAST, NORTH = 126.2, 43.6, 126.9, 44.1


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiangcheng.config.settings")
    django.setup()
    from django.core import management

    management.call_command("migrate", verbosity=0, interactive=False)
    now = dt.datetime.now(dt.UTC)
    _people(now)
    _areas(now.date())
    _events(now)
    json.dump({"password": PASSWORD, "people": sorted(PEOPLE)}, sys.stdout)


def _people(now: dt.datetime) -> None:
    from jiangcheng.core.access import services

    services.load_roles()
    for username, (role, name) in PEOPLE.items():
        user = services.create_user(username=username, password=PASSWORD, display_name=name, at=now)
        services.assign_role(user=user, role=role, on=now.date() - dt.timedelta(days=1), at=now)


def _areas(on: dt.date) -> None:
    from jiangcheng.core.registry import models

    city = models.Region.objects.create(code="220200", name_zh="吉林市", name_en="Jilin City", level="city")
    middle = (WEST + EAST) / 2
    halves = (("220202", "昌邑区", "Changyi", WEST, middle), ("220211", "丰满区", "Fengman", middle, EAST))
    for code, name_zh, name_en, west, east in halves:
        boundary = _rectangle(west, SOUTH, east, NORTH)
        county = models.Region.objects.create(
            code=code, name_zh=name_zh, name_en=name_en, level="county", parent=city, boundary=boundary
        )
        cell = models.GridCell.objects.create(
            code=f"{code}001G01",
            name_zh=f"{name_zh}一网格",
            name_en=f"{name_en} cell 1",
            region=county,
            boundary=boundary,
            valid_from_date=on - dt.timedelta(days=400),
        )
        models.Facility.objects.create(
            code=f"9122{code}00000000",
            name_zh=f"{name_zh}热电厂",
            name_en=f"{name_en} power plant",
            region=county,
            grid_cell=cell,
            longitude=(west + east) / 2,
            latitude=(SOUTH + NORTH) / 2,
        )


def _rectangle(west: float, south: float, east: float, north: float) -> dict[str, object]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _events(now: dt.datetime) -> None:
    from jiangcheng.core.portal import services

    for minutes, severity, text_zh, text_en in (
        (190, 1, "数据采集仪恢复上线", "A data logger is back on line"),
        (42, 3, "一号排口烟尘小时均值超限", "Hourly particulates of stack 1 above the limit"),
        (3, 2, "值班员派遣了事件", "A duty officer dispatched a case"),
    ):
        services.publish(
            at=now - dt.timedelta(minutes=minutes),
            kind="case",
            permission="cases.view",
            payload={"text_zh": text_zh, "text_en": text_en, "severity": severity, "url": "/"},
        )


if __name__ == "__main__":
    main()
