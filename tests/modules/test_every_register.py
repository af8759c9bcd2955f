"""Every register of the product: declared in few lines, listed, filled in by its own form, taken away in every form."""

from __future__ import annotations

import ast
import csv
import html
import io
import json
import pathlib
import re

import openpyxl
import pyarrow.parquet
from django import forms
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.access.models import AuditEntry, User
from jiangcheng.core.manifest import manifests
from jiangcheng.core.records import queries
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility, Region

PACKAGE = pathlib.Path(__file__).resolve().parents[2] / "src" / "jiangcheng"
LONGEST = 60
"""Lines a declaration may have."""
SQUARE = [[126.1, 43.1], [126.3, 43.1], [126.3, 43.3], [126.1, 43.3], [126.1, 43.1]]
AREA = json.dumps({"type": "Polygon", "coordinates": [SQUARE]})
BY_NAME = {
    "year": "2026", "facility": city.PLANT, "region": "220202", "longitude": "126.2", "latitude": "43.5",
    "outline": AREA, "boundary": AREA, "course": json.dumps({"type": "LineString", "coordinates": SQUARE[:2]}),
    "station": "P1", "outlet_number": "DA001", "property_code": "a21026",
    "ends_at": "2026-11-01T09:00", "to_at": "2026-11-01T09:00", "to_date": "2026-12-01",
}  # fmt: skip
"""What a field of this name is filled with, wherever it stands."""
BY_REGISTER = {
    "plan-reports": {"through_date": "2026-06-30"},
    "project-access": {"industry": "2511"},
    "straw-coefficients": {"area": "100000"},
    "straw-progress": {"harvested": "4", "area_mu": "9"},
    "bale-tickets": {"gross": "2"},
    "machines": {"code": "3-JB00001"},
    "vehicle-tests": {"passed": "true"},
    "gep-inputs": {"symbol": "E"},
    "radiation-sources": {"code": "0412CS000123", "source_class": "III"},
    "source-moves": {"source_code": "0412CS000123"},
    "id-mappings": {"code": "P1"},
    "online-limits": {"upper": "9"},
    "joint-actions": {"departments": "公安局、生态环境局"},
    "source-profiles": {"species": '{"a21026": 1.0}'},
    "lab-samples": {"observed": "a21026-zs_avg", "unit": "mg/m³", "result": "1"},
    "checks": {"result": "passed"},
    "signals": {"property_code": "a21002"},
    "source-patrols": {"means": "field"},
    "transport": {"plate": "吉B12345", "fuel": "diesel", "stage": "6"},
    "waste-plans": {"code": "900-041-49"},
    "waste-transfers": {"code": "900-041-49"},
    "waste-batches": {"code": "900-041-49", "batch": "HWRK20260301001"},
    "waste-stores": {"code": "TS001"},
    "waste-manifests": {"number": "20262202000001"},
    "right-trades": {"buyer": city.OTHER_PLANT},
    "population-points": {"radius": "200"},
    "river-stretches": {"slope": "0.001", "from_kilometre": "1", "to_kilometre": "9"},
}
"""What the fields of one register are filled with, where the rules of its field ask for more."""
REFERS = {
    "source_number": "drinking-sources", "pond": "tailings-ponds", "agency": "agencies",
    "action_number": "special-actions", "project": "black-land-projects", "grid": "patrol-grids",
    "wetland": "wetlands", "area": "restoration-areas", "plot": "farm-plots",
}  # fmt: skip
"""Fields that hold the number of a row of another register."""
REFERS_IN = {
    "disease-reports": {"station": "disease-stations"},
    "project-returns": {"project": "finance-projects"},
    "waste-trips": {"origin": "construction-sites", "destination": "construction-sites"},
}
WITHOUT_ROW = {
    "noise-events": "a station that hears",
    "fire-objections": "a fire seen by a satellite",
    "gep-uses": "a frozen account",
    "plan-objections": "a card of scores",
}
"""Registers whose rows speak of what no form makes; the tests of their rooms fill them in."""


def value_for(field):
    """Return what a field of a form takes."""
    if isinstance(field, forms.ModelChoiceField):
        one = field.queryset.first()
        return None if one is None else str(getattr(one, field.to_field_name or "pk"))
    if isinstance(field, forms.ChoiceField):
        return next((str(code) for code, _name in field.choices if code not in ("", None)), None)
    if isinstance(field, forms.DateTimeField):
        return "2026-11-01T08:00"
    if isinstance(field, forms.DateField):
        return "2026-11-01"
    return "1"


def filled(register, form, made):
    """Return the values of a valid form: what is needed, by the kind and the name of the field."""
    values = {name: value_for(field) for name, field in form.fields.items() if field.required}
    values |= {name: value for name, value in BY_NAME.items() if name in form.fields}
    refers = {**REFERS, **REFERS_IN.get(register, {})}
    for name, other in refers.items():
        if other in made and other != register and name in form.fields:
            values[name] = made[other]
    values |= BY_REGISTER.get(register, {})
    return {name: value for name, value in values.items() if value is not None}


def add(client, register, made):
    """Add a row through the form, and return what the form found wrong."""
    address = reverse(f"records:{register}-new")
    form = client.get(address).context["form"]
    answer = client.post(address, filled(register, form, made))
    if answer.status_code != 302:
        return {name: list(told) for name, told in answer.context["form"].errors.items()} or "nothing said"
    made[register] = answer.url.rstrip("/").rpartition("/")[2]
    return None


def test_every_register_is_declared_in_few_lines():
    told = {}
    for path in PACKAGE.rglob("*.py"):
        if "Register(" not in (text := path.read_text(encoding="utf-8")):
            continue
        for node in ast.walk(ast.parse(text)):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "attr", getattr(node.func, "id", "")) == "Register"
            ):
                told[f"{path.relative_to(PACKAGE)}:{node.lineno}"] = node.end_lineno - node.lineno + 1
    assert len(told) > 20
    assert {place: lines for place, lines in told.items() if lines > LONGEST} == {}


def test_every_register_is_filled_in_listed_and_taken_away(everybody):
    made, wrong = {}, {}
    waiting = [code for code in manifests.registers() if queries.by_hand(manifests.registers()[code])]
    for _turn in range(3):
        wrong = {code: told for code in waiting if (told := add(everybody, code, made))}
        if not wrong or len(wrong) == len(waiting):
            break
        waiting = list(wrong)
    assert {code: told for code, told in wrong.items() if code not in WITHOUT_ROW} == {}
    assert set(wrong) == set(WITHOUT_ROW)
    told = {code: what for code, number in made.items() if (what := taken_away(everybody, code, number))}
    assert told == {}
    taken = AuditEntry.objects.filter(action="records.export")
    assert set(taken.values_list("object_type", flat=True)) == set(made)


def taken_away(client, register, number):
    """Return what is wrong with the list of a register and its files, where something is."""
    page = client.get(reverse(f"records:{register}")).content.decode()
    offered = [form for form in ("csv", "xlsx", "parquet", "geojson", "json") if f"format={form}" not in page]
    if offered or number not in page:
        return f"offers no {offered}; {number} is not listed"
    files = {"csv": client.get(reverse(f"records:{register}-export"), {"format": "csv"}).content}
    declared = manifests.registers()[register]
    rows = queries.model_of(register).objects.filter(withdrawn_at=None)
    for form in ("xlsx", "parquet", "geojson"):
        files[form] = records.export(declared=declared, records=rows, form=form, masked=frozenset())
    numbers = {form: [row["number"] for row in READERS[form](content)] for form, content in files.items()}
    return numbers if any(found != [number] for found in numbers.values()) else None


def of_csv(content):
    return csv.DictReader(io.StringIO(content.decode("utf-8-sig")))


def of_xlsx(content):
    head, *rows = openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def of_parquet(content):
    return pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist()


def of_geojson(content):
    return [feature["properties"] for feature in json.loads(content)["features"]]


READERS = {"csv": of_csv, "xlsx": of_xlsx, "parquet": of_parquet, "geojson": of_geojson}


def test_every_register_with_a_place_is_a_layer_of_the_map(everybody):
    placed = [one for one in manifests.registers().values() if one.geometry]
    catalogue = json.dumps(everybody.get(reverse("portal:map_layers")).json())
    assert len(placed) > 60
    assert [one.code for one in placed if reverse(f"records:{one.code}-layer") not in catalogue] == []
    made = {}
    for code in ("natural-forests", "alien-finds", "outfalls"):
        assert add(everybody, code, made) is None
        (feature,) = everybody.get(reverse(f"records:{code}-layer")).json()["features"]
        assert feature["geometry"]["coordinates"] == [126.2, 43.5]
        assert made[code] in json.dumps(feature["properties"], ensure_ascii=False)


def test_what_only_rules_add_offers_no_form_to_people(everybody):
    by_rule = [one for one in manifests.registers().values() if not queries.by_hand(one)]
    assert {"air-warnings", "air-tasks", "emergency-orders"} <= {one.code for one in by_rule}
    for declared in by_rule:
        page = everybody.get(reverse(f"records:{declared.code}")).content.decode()
        assert reverse(f"records:{declared.code}-new") not in page
        for door in ("new", "import"):
            assert everybody.get(reverse(f"records:{declared.code}-{door}")).status_code == 404


def test_every_page_of_the_menu_gives_its_tables_as_they_stand(everybody):
    """The first table of every page, cell by cell; a page whose list has its own files offers these."""
    wrong, seen = {}, 0
    names = sorted({page.url_name for page in manifests.pages() if not page.url_name.startswith("records:")})
    for name in names:
        address = reverse(name)
        page = everybody.get(address).content.decode()
        _head, _mark, body = page.partition("<main")
        if "<table" not in body:
            assert "page-tables" not in body, name
            continue
        seen += 1
        if "format=parquet" in body or ("page-tables" not in body and "<td" not in body):
            continue
        first = re.search(r"export=(\d+)\.csv", body)[1]
        told = [form for form in ("csv", "xlsx", "parquet") if f"export={first}.{form}" not in body]
        answer = everybody.get(address, {"export": f"{first}.csv"})
        head, *lines = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        words = [cell.lstrip("'") for line in lines[:1] for cell in line if cell]
        text = words_of(body)
        lost = [word for word in words if word not in text]
        if told or lost or answer["Content-Type"] != "text/csv; charset=utf-8" or not head:
            wrong[name] = (told, lost)
    assert wrong == {}
    assert seen > 25
    assert AuditEntry.objects.filter(action="reports.take").count() > 20


def words_of(page):
    """Return the words of a page without its marks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_a_table_and_a_chart_leave_in_every_form_with_the_place_of_their_rows(everybody):
    address = reverse("registry:facilities")
    for form, read in READERS.items():
        answer = everybody.get(address, {"export": f"1.{form}"})
        rows = read(answer.content)
        assert [row["企业"] for row in rows] == ["甲厂", "乙厂"], form
        assert f'registry-facilities-1.{form}"' in answer["Content-Disposition"]
    places = [feature["geometry"]["coordinates"] for feature in json.loads(answer.content)["features"]]
    assert places == [[126.7, 43.5], [127.5, 43.5]]
    for wrong in ("9.csv", "1.pdf"):
        assert everybody.get(address, {"export": wrong})["Content-Type"].startswith("text/html")
    series = reverse("observations:series", args=["P1"])
    chart = everybody.get(series, {"export": "csv"})
    assert chart["Content-Type"] == "text/csv; charset=utf-8" and "时段开始" in chart.content.decode(
        "utf-8-sig"
    )
    assert json.loads(everybody.get(series, {"export": "geojson"}).content)["features"] == []
    assert "export=geojson" in everybody.get(reverse("observations:station", args=["P1"])).content.decode()
    stranger = Client()
    assert stranger.get(address, {"export": "1.csv"}).status_code == 302


def test_the_pages_that_follow_are_in_the_file_too_and_nobody_gets_more_than_the_page_shows(everybody):
    county = Region.objects.get(code="220202")
    Facility.objects.bulk_create(
        Facility(code=f"91220200MORE{number:06d}", name_zh=f"厂{number}", name_en=f"Plant {number}",
                 longitude=126.2, latitude=43.5, region=county) for number in range(120)
    )  # fmt: skip
    answer = everybody.get(reverse("registry:facilities"), {"export": "1.csv"})
    names = [row["企业"] for row in of_csv(answer.content)]
    assert len(names) == len(set(names)) == 122
    entry = AuditEntry.objects.filter(action="reports.take").latest("pk")
    assert entry.after["rows"] == 122
    enterprise = Client()
    enterprise.force_login(User.objects.get(username="enterprise"))
    answer = enterprise.get(reverse("registry:facilities"), {"export": "1.csv"})
    assert [row["企业"] for row in of_csv(answer.content)] == ["甲厂"]
