"""A gateway in a process of its own: ``prepare``, ``serve PORT``, ``collect FILE`` or ``order COMMAND``."""

from __future__ import annotations

import datetime as dt
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jiangcheng.config.settings")

SITES = 40
FACTOR = "w01018"


def mn(number: int) -> str:
    return f"C{number:023X}"


def prepare() -> None:
    from django.core.management import call_command

    from jiangcheng.core.registry.models import Device, ObservedProperty, Region, Station

    call_command("migrate", verbosity=0, skip_checks=True)
    region = Region.objects.create(code="220202", name_zh="昌邑区", name_en="Changyi", level="county")
    ObservedProperty.objects.get_or_create(
        code=FACTOR,
        statistic="avg",
        defaults={"name_zh": "化学需氧量", "name_en": "COD", "unit": "mg/L", "decimals": 3},
    )
    for number in range(SITES):
        station = Station.objects.create(
            code=f"S{number}", name_zh="排口", name_en="Outlet", kind="water_outlet", region=region,
            longitude=126.5, latitude=43.8, valid_from_date=dt.date(2020, 1, 1),
        )  # fmt: skip
        Device.objects.create(mn=mn(number), station=station)


def serve(port: str) -> None:
    from jiangcheng.gateway import service
    from jiangcheng.gateway.limits import Limits

    gateway = service.Gateway("127.0.0.1", int(port), limits=Limits(rate=1e6, burst=1e6))
    gateway.start()
    sys.stdout.write(f"{gateway.port}\n")
    sys.stdout.flush()
    sys.stdin.read()
    gateway.stop()


def collect(path: str) -> None:
    import pyarrow.parquet

    from jiangcheng.core.observations import store
    from jiangcheng.core.registry.models import ObservedProperty, Station
    from jiangcheng.gateway import storage, tasks

    tasks.run_intake()
    journal = storage.open_journal()
    raws = [stored.raw for stored in journal.tail(0, 10_000_000)]
    assert len(set(raws)) == len(raws), "the journal holds a frame twice"
    assert journal.verify() is None, "the chain of the journal is broken"
    codes = dict(Station.objects.values_list("pk", "code"))
    table = store.read(
        stations=list(codes),
        properties=[ObservedProperty.objects.get(code=FACTOR, statistic="avg").pk],
        granularity=store.Granularity.INSTANT,
        start=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        end=dt.datetime(2040, 1, 1, tzinfo=dt.UTC),
    )
    numbers = [int(codes[station][1:]) for station in table["station"].to_pylist()]
    pyarrow.parquet.write_table(table.append_column("site", [numbers]), path)


def order(command: str, **values: str) -> None:
    """Ask for a command and approve it, as the portal's process would; print what became of it."""
    import time

    from jiangcheng.core.access import services as access
    from jiangcheng.core.registry.models import Device
    from jiangcheng.gateway import orders

    now = dt.datetime.now(dt.UTC)
    people = {}
    for role in ("duty_officer", "leader"):
        people[role] = access.create_user(
            username=role, password="Songhua-river-1", display_name=role, at=now
        )
        access.assign_role(user=people[role], role=role, on=dt.date(2020, 1, 1), at=now)
    made = orders.ask(
        device=Device.objects.get(mn=mn(0)), command=command, values=values, reason="",
        actor=people["duty_officer"], now=now,
    )  # fmt: skip
    orders.decide(order=made, approve=True, actor=people["leader"], now=now)
    for _ in range(600):
        made.refresh_from_db()
        if made.state not in orders.STEPS:
            break
        time.sleep(0.05)
    sys.stdout.write(f"{made.state} {made.result} {made.answer.get('fields')}\n")


if __name__ == "__main__":
    django.setup()
    work = {"prepare": prepare, "serve": serve, "collect": collect, "order": order}[sys.argv[1]]
    work(*sys.argv[2:])
