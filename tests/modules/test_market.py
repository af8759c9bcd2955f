"""Rights that never run below nought, the tax of a quarter, insurance, banks that need consent, prices, funds."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import AuditEntry
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.manifest import manifests
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.enterprises import queries as enterprises
from jiangcheng.modules.enterprises.models import TotalChange
from jiangcheng.modules.market import queries, rules, services
from jiangcheng.modules.market.models import CreditQuery, RightAccount, RightEntry
from jiangcheng.standards.dated import DatedTables

ON = dt.date(2026, 1, 1)


def told(pollutant, mass, below=None, outlet="DA001"):
    known = None if mass is None else Decimal(str(mass))
    return rules.Quantity("F", outlet, pollutant, known, None if below is None else Decimal(below))


def test_air_is_taxed_for_the_first_three_equivalents_of_each_outlet():
    found = rules.tax(
        [
            told("a21026", 950),
            told("a21002", 1900),
            told("a34013", 2180),
            told("a21005", 1670),
            told("a21026", 95, outlet="DA002"),
        ],
        on=ON,
    )
    by = {(line.quantity.outlet, line.quantity.pollutant): line for line in found.lines}
    assert by["DA001", "a21002"].equivalents == 2000
    assert by["DA001", "a21026"].amount == Decimal("1200.00")
    assert (by["DA001", "a21005"].why, by["DA001", "a21005"].amount) == ("rank", 0)
    assert found.amount == Decimal("4920.00")
    assert found.equivalents == 4100


def test_water_of_the_first_class_is_ranked_apart_and_low_concentrations_pay_less():
    first = [told(code, 1, outlet="DW001") for code in
             ("w20111", "w20115", "w20116", "w20117", "w20119", "w20120")]  # fmt: skip
    other = [told("w01018", 100, below="30", outlet="DW001"), told("w21003", 80, below="50", outlet="DW001"),
             told("w01012", 400, below="29.99", outlet="DW001"), told("w21011", 1, outlet="DW001")]  # fmt: skip
    lines = rules.tax(first + other, on=ON).lines
    assert sum(line.taxed for line in lines if line.kind == "water1") == 5
    assert {line.quantity.pollutant: line.amount for line in lines if line.kind == "water2"} == {
        "w01018": Decimal("105.00"),
        "w21003": Decimal("70.00"),
        "w01012": Decimal("140.00"),
        "w21011": 0,
    }


def test_no_data_is_not_nought_and_an_unknown_pollutant_is_refused():
    found = rules.tax([told("a21026", None), told("a21002", 0)], on=ON)
    assert (found.missing, found.amount) == (1, 0)
    assert {line.quantity.pollutant: line.equivalents for line in found.lines} == {
        "a21026": None,
        "a21002": 0,
    }
    with pytest.raises(rules.Unknown, match="a99999"):
        rules.tax([told("a99999", 1)], on=ON)
    with pytest.raises(ValueError, match="negative"):
        rules.tax([told("a21026", -1)], on=ON)


def test_voc_enters_the_tax_on_the_day_its_row_says(tmp_path):
    for name in ("tax", "voc"):
        rows = [dict(row) for row in rules.TABLES.versions(name)]
        if name == "voc":
            rows.append(
                {
                    **rows[0],
                    "version": "voc-2",
                    "valid_from": "2027-01-01",
                    "taxed": True,
                    "equivalent": "0.95",
                }
            )
        (tmp_path / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
    tables = DatedTables(tmp_path)
    before = rules.tax([told("a24088", 95)], on=dt.date(2026, 10, 1), tables=tables)
    after = rules.tax([told("a24088", 95)], on=dt.date(2027, 1, 1), tables=tables)
    assert (before.lines[0].why, before.amount) == ("not_in_force", 0)
    assert after.amount == Decimal("120.00")


AIR = sorted(code for code, row in rules.pollutants(ON).items() if row["class"] == "air" and row["taxed"])


@given(st.lists(st.tuples(st.sampled_from(AIR), st.integers(0, 10**6)), max_size=8, unique_by=lambda p: p[0]))
def test_never_more_than_three_and_always_the_greatest(pairs):
    lines = rules.tax([told(code, mass) for code, mass in pairs], on=ON).lines
    taxed = [line.equivalents for line in lines if line.taxed]
    assert len(taxed) == min(3, len(pairs))
    assert all(line.equivalents <= min(taxed) for line in lines if not line.taxed)


@pytest.fixture
def people(db):
    city.build()
    return city.people()


def plant(code=city.PLANT):
    return Facility.objects.get(code=code)


def add(people, register, who="department", **values):
    return records.create(register=register, values=values, actor=people[who], at=city.AT)


def act(people, row, action, who="verifier", **more):
    return records.act(record=row, action=action, actor=people[who], now=city.AT, **more).to_state


def quota(people, amount, kind="issue", right="discharge", item="so2"):
    row = add(people, "right-quotas", facility=plant(), right=right, item=item, year=2026, kind=kind,
              amount=Decimal(amount), document="文件")  # fmt: skip
    return row, act(people, row, "book")


def trade(people, amount, contract):
    row = add(people, "right-trades", facility=plant(), buyer=plant(city.OTHER_PLANT), right="discharge", item="so2",
              year=2026, amount=Decimal(amount), price=Decimal(100), contract=contract)  # fmt: skip
    act(people, row, "review", "department", text="材料齐全")
    return row


def balances():
    return {account.facility.code: account.balance for account in RightAccount.objects.all()}


def test_a_trade_moves_both_balances_and_proposes_the_totals_of_the_permits(people):
    booked, _state = quota(people, 50)
    row = trade(people, 30, "HT-1")
    assert act(people, row, "settle") == "settled"
    assert balances() == {city.PLANT: 20, city.OTHER_PLANT: 30}
    with pytest.raises(Refused, match="不足"):
        act(people, trade(people, 21, "HT-2"), "settle")
    with pytest.raises(Refused, match="不足"):
        quota(people, 21, "surrender")
    assert balances() == {city.PLANT: 20, city.OTHER_PLANT: 30}
    assert sum(entry.amount for entry in RightEntry.objects.all()) == 50
    with pytest.raises(ValidationError, match="已入账"):
        records.change(record=booked, values={"amount": Decimal(1)}, actor=people["department"], at=city.AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        RightAccount.objects.update(balance=-1)
    with pytest.raises(ValidationError, match="没有这个品种"):
        quota(people, 1, right="carbon", item="so2")
    changes = {item.facility.code: item for item in TotalChange.objects.all()}
    assert {code: item.change for code, item in changes.items()} == {city.PLANT: -30, city.OTHER_PLANT: 30}
    todo = enterprises.to_do(user=people["department"], now=city.AT)
    assert sum(item.kind == "enterprises.total" for item in todo) == 2
    minus = changes[city.PLANT]
    with pytest.raises(Refused, match="小于零"):
        act(people, minus, "approve", "department")
    base = add(people, "permit-totals", "leader", facility=plant(), pollutant="so2", year=2025, change=Decimal(100),
               reference="P-1")  # fmt: skip
    act(people, base, "approve", "department")
    act(people, minus, "approve", "department")
    assert enterprises.permitted_total(facility=plant(), pollutant="so2", year=2026) == 70
    client = Client()
    client.force_login(people["department"])
    page = client.get(reverse("market:overview")).content.decode()
    assert "二氧化硫" in page
    account = RightAccount.objects.get(facility=plant())
    assert row.number in client.get(reverse("market:account", args=(account.pk,))).content.decode()
    client.force_login(people["rival"])
    assert client.get(reverse("market:account", args=(account.pk,))).status_code == 404


SCRIPT = """
import datetime as dt, threading
from decimal import Decimal
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from jiangcheng.config import wiring
from core import city
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.market.models import RightAccount, RightEntry

call_command("migrate", verbosity=0)
wiring.load_manifests()
city.build()
people = city.people()
plants = [Facility.objects.get(code=code) for code in (city.PLANT, city.OTHER_PLANT)]
def add(register, **values):
    values = {"right": "water", "item": "m3", "year": 2026, **values}
    return records.create(register=register, values=values, actor=people["department"], at=city.AT)
def act(row, action, who, text=""):
    records.act(record=row, action=action, actor=people[who], now=city.AT, text=text)
for plant in plants:
    act(add("right-quotas", facility=plant, amount=Decimal(10), document="x", kind="issue"), "book", "verifier")
trades = []
for n in range(6):
    seller, buyer = plants[n % 2], plants[(n + 1) % 2]
    row = add("right-trades", facility=seller, buyer=buyer, amount=Decimal(10), contract=f"c{n}")
    act(row, "review", "department", "ok")
    trades.append(row)
outcomes, barrier = [], threading.Barrier(len(trades))
def work(row):
    try:
        barrier.wait()
        act(row, "settle", "verifier")
        outcomes.append("settled")
    except Refused:
        outcomes.append("refused")
    except Exception as error:
        outcomes.append(repr(error))
    finally:
        connection.close()
threads = [threading.Thread(target=work, args=(row,)) for row in trades]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert set(outcomes) <= {"settled", "refused"}, outcomes
held = list(RightAccount.objects.values_list("balance", flat=True))
assert sum(held) == 20 and min(held) >= 0, held
assert all(entry.balance >= 0 for entry in RightEntry.objects.all())
assert RightEntry.objects.count() == 2 + 2 * outcomes.count("settled")
"""


def test_trades_in_both_directions_at_once_neither_block_nor_run_below_nought(tmp_path):
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "jiangcheng.config.settings",
        "JIANGCHENG_DATA": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_page_of_the_tax_tells_what_is_missing(people):
    client = Client()
    client.force_login(people["department"])
    assert "还没有应税污染物排放量" in client.get(reverse("market:tax")).content.decode()
    for pollutant, mass in (("a21026", Decimal(950)), ("a21002", None)):
        add(people, "tax-quantities", facility=plant(), outlet="DA001", year=2026, quarter=3, pollutant=pollutant,
            mass=mass, method="automatic")  # fmt: skip
    page = client.get(reverse("market:tax")).content.decode()
    assert "1,200.00" in page
    assert "合计不完整" in page
    assert "乙厂 DA001" in page
    lines = client.get(reverse("market:tax_csv")).content.decode("utf-8-sig").splitlines()
    assert "1200.00" in lines[1]
    assert lines[2].rpartition(",")[0].endswith(",1,,自动监测")


def test_of_the_sources_of_a_quantity_the_first_by_law_is_taxed():
    def of(source, mass, unknown=0, below=None):
        value = None if mass is None else Decimal(mass)
        return rules.Quantity("F", "DA001", "a21026", value, below, source, source, Decimal(unknown))

    def first(*rows):
        (one,), passed = rules.chosen(rows, on=ON)
        assert len(passed["F", "DA001", "a21026"]) == len(rows) - (
            one.mass is not None or rows[0].mass is None
        )
        return one.source, one.mass

    assert first(of("balance", 3), of("manual", 2), of("online", 1)) == ("online", 1)
    assert first(of("sample", 4), of("balance", 3)) == ("balance", 3)
    assert first(of("online", 1, unknown=11), of("manual", 2)) == ("manual", 2), "too many hours are missing"
    assert first(of("online", 1, unknown=10), of("manual", 2)) == ("online", 1)
    assert first(of("manual", None), of("balance", 3)) == ("balance", 3), "no data is no nought"
    assert first(of("online", 1, unknown=40)) == ("online", None), "alone and incomplete it is no data"
    (one,), _passed = rules.chosen([of("online", 1), of("manual", 2, below=Decimal(35))], on=ON)
    assert one.below_percent == 35, "the reduction was shown for the pollutant"


def test_what_monitors_say_is_taxed_before_what_is_entered_and_can_be_traced(people, monkeypatch):
    told = {
        "outlet": "DA001",
        "station": "P1",
        "pollutant": "a21026",
        "mass": 1900.0,
        "replaced": 40.0,
        "replaced_hours": 12,
        "unknown_hours": 0,
        "months": {"2026-07-01": 1900.0},
        "url": "/emissions/outlets/P1/",
    }
    asked = []

    def ask(point, **what):
        asked.append((point, what["facility_code"], what["year"], what["quarter"]))
        return [[told]] if what["facility_code"] == city.PLANT and what["quarter"] == 3 else [[]]

    for mass in (Decimal(950), Decimal(1000)):
        add(people, "tax-quantities", facility=plant(), outlet="DA001", year=2026, quarter=3, pollutant="a21026",
            mass=mass, method="manual")  # fmt: skip
    with monkeypatch.context() as patched:
        patched.setattr(services.manifests, "ask", ask)
        assert services.take_online_masses(now=city.AT) == 1
        told["mass"] = 1425.0
        assert services.take_online_masses(now=city.AT) == 1, "the number is corrected, not doubled"
    assert ("outlet.masses", city.PLANT, 2026, 3) in asked and ("outlet.masses", city.PLANT, 2026, 4) in asked
    client = Client()
    client.force_login(people["enterprise"])
    page = client.get(reverse("market:tax"), {"quarter": "2026-3"}).content.decode()
    assert 'href="/emissions/outlets/P1/">在线监测' in page and "1,800.00" in page, "1425 / 0.95 · 1.2"
    assert "未采用 2 项" in page and "监测机构监测" in page
    client.force_login(people["rival"])
    assert "1,800.00" not in client.get(reverse("market:tax"), {"quarter": "2026-3"}).content.decode()


def test_a_high_risk_unit_without_a_valid_policy_becomes_a_case_and_ends_when_it_is_insured(people):
    add(people, "insurance-duties", facility=plant(), ground="重金属", valid_from_date=dt.date(2026, 1, 1))
    policy = {"facility": plant(), "insurer": "甲保险", "cover": 500.0}
    add(people, "insurance-policies", policy="B1", valid_from_date=dt.date(2025, 1, 1),
        valid_to_date=dt.date(2026, 11, 1), **policy)  # fmt: skip
    assert services.watch_insurance(now=city.AT) == 1
    finding = Finding.objects.get(kind="market.uninsured")
    assert Case.objects.filter(facility=plant()).exists()
    client = Client()
    client.force_login(people["department"])
    assert "未投保" in client.get(reverse("market:overview")).content.decode()
    assert "未投保" in client.get(reverse("market:card", args=(city.PLANT,))).content.decode()
    add(people, "insurance-policies", policy="B2", valid_from_date=dt.date(2026, 11, 2),
        valid_to_date=dt.date(2027, 11, 1), **policy)  # fmt: skip
    assert services.watch_insurance(now=city.AT) == 0
    finding.refresh_from_db()
    assert finding.ended_at is not None


def test_a_bank_learns_a_grade_only_with_consent_and_every_query_is_kept(people):
    bank = access.create_user(username="bank", password=city.PASSWORD, display_name="某银行", at=city.AT)
    access.assign_role(user=bank, role="bank", on=dt.date(2026, 1, 1), at=city.AT)
    registry.label_facility(facility=plant(), scheme="credit", code="green", on=ON, at=city.AT)
    client = Client()
    client.force_login(bank)
    asked = {"code": city.PLANT, "purpose": "授信审查"}
    assert "没有这家企业对本账号的有效授权" in client.post(reverse("market:ask"), asked).content.decode()
    assert client.get(reverse("market:overview")).status_code == 403
    consent = records.create(
        register="credit-consents",
        values={"facility": plant(), "bank": "bank", "purpose": "授信", "valid_from_date": ON,
                "valid_to_date": dt.date(2099, 1, 1)},
        actor=people["enterprise"], at=city.AT,
    )  # fmt: skip
    assert "诚信" in client.post(reverse("market:ask"), asked).content.decode()
    act(people, consent, "revoke", "enterprise")
    assert "没有这家企业对本账号的有效授权" in client.post(reverse("market:ask"), asked).content.decode()
    kept = AuditEntry.objects.filter(action__startswith="market.credit_").order_by("sequence")
    assert [entry.action[14:] for entry in kept] == ["refused", "told", "refused"]
    assert [query.grade for query in CreditQuery.objects.order_by("pk")] == ["", "green", ""]
    client.force_login(people["enterprise"])
    assert "某银行" in client.get(reverse("market:card", args=(city.PLANT,))).content.decode()


def test_prices_follow_confirmed_grades_and_the_same_list_is_not_kept_twice(people):
    row = add(people, "performance-grades", facility=plant(), grade="d", on_date=ON, document="评定文件")
    assert act(people, row, "confirm") == "confirmed"
    client = Client()
    client.force_login(people["leader"])
    page = client.post(reverse("market:publish"), follow=True).content.decode()
    assert "甲厂" in page
    assert "0.1" in page
    assert services.publish_prices(actor=people["leader"], now=city.AT).version == 1
    later = add(people, "performance-grades", facility=plant(), grade="b", on_date=city.ON, document="复评")
    act(people, later, "confirm")
    assert services.publish_prices(actor=people["leader"], now=city.AT).version == 2
    csv = client.get(reverse("market:prices_csv", args=(1,))).content.decode()
    assert ",D,0.1," in csv
    client.force_login(people["enterprise"])
    assert client.get(reverse("market:prices_csv", args=(1,))).status_code == 404


def test_a_fund_is_never_overdrawn_and_a_push_needs_its_receipt(people):
    def fund(kind, amount):
        return add(people, "eco-funds", facility=plant(), year=2026, kind=kind, amount=Decimal(amount), purpose="治理",
                   voucher=f"{kind}{amount}")  # fmt: skip

    act(people, fund("extract", 10), "book")
    act(people, fund("use", 6), "book")
    with pytest.raises(Refused, match="-1"):
        act(people, fund("use", 5), "book")
    assert queries.fund_balance(facility=plant()) == 4
    push = add(people, "credit-pushes", facility=plant(), matter="SX-1", platform="信用平台", content="列入")
    act(people, push, "send", "department")
    with pytest.raises(Refused, match="回执"):
        act(people, push, "confirm", "department", text="已收")
    records.change(record=push, values={"receipt": "R1"}, actor=people["department"], at=city.AT)
    assert act(people, push, "confirm", "department", text="已收") == "received"
    assert manifests.registers()["finance-projects"].geometry
