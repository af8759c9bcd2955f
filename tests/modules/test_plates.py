"""Plates: what is signed can be checked by anybody, what was touched or revoked is shown as such."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
import stat

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.access.models import AppendOnlyError
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.enterprises import rules, services
from jiangcheng.modules.enterprises.models import Plate, Scan


@pytest.fixture
def people(town):
    return city.people()


@pytest.fixture
def plate(people):
    facility = Facility.objects.get(code=city.PLANT)
    return services.issue(facility=facility, actor=people["department"], at=city.AT)


@given(st.text("0123456789ABCDEFGHJ", min_size=1, max_size=32), st.integers(1, 9999), st.dates(), st.binary())
def test_what_is_encoded_is_decoded(facility, serial, issued, signature):
    claims = rules.Claims(facility, serial, issued, "k1")
    assert rules.decode(rules.encode(claims, signature)) == (claims, signature)


@given(st.text())
def test_rubbish_is_no_plate(text):
    with pytest.raises(rules.Forged):
        rules.decode(text)


def test_a_plate_is_checked_with_the_published_key_alone(plate, client):
    keys = client.get(reverse("enterprises:plate_keys")).json()["keys"]
    claims, signature = rules.decode(plate.token)
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(keys[claims.key]))
    public.verify(signature, rules.signed_part(claims))
    with pytest.raises(InvalidSignature):
        public.verify(signature, rules.signed_part(dataclasses.replace(claims, facility=city.OTHER_PLANT)))


def test_the_private_key_is_for_its_owner_only(plate, settings):
    (key,) = (settings.DATA / "plate-keys").glob("*.key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_altered_unknown_and_revoked_plates_are_told_apart(plate, people):
    claims, signature = rules.decode(plate.token)
    altered = rules.encode(dataclasses.replace(claims, facility=city.OTHER_PLANT), signature)
    assert services.verify(token=plate.token).code == "valid"
    assert services.verify(token=altered).code == "forged"
    assert services.verify(token="nonsense").code == "forged"
    with pytest.raises(ValueError, match="reason"):
        services.issue(facility=plate.facility, actor=None, at=city.AT)
    second = services.issue(facility=plate.facility, actor=people["department"], at=city.AT, reason="损坏")
    assert services.verify(token=plate.token).code == "revoked"
    assert services.verify(token=second.token).code == "valid" and second.serial == 2
    other = Facility.objects.get(code=city.OTHER_PLANT)
    token = services.issue(facility=other, actor=None, at=city.AT).token
    Plate.objects.filter(token=token).delete()
    assert services.verify(token=token).code == "unknown"


def test_plates_of_an_older_key_stay_valid(plate, people):
    assert services.rotate_key(actor=people["system"], at=city.AT) == "k2"
    other = services.issue(facility=Facility.objects.get(code=city.OTHER_PLANT), actor=None, at=city.AT)
    assert (plate.key, other.key) == ("k1", "k2")
    assert {services.verify(token=item.token).code for item in (plate, other)} == {"valid"}


def test_the_list_of_revoked_plates_is_signed(plate, people, client):
    services.revoke(plate=plate, actor=people["department"], at=city.AT, reason="停产")
    found = client.get(reverse("enterprises:plate_revocations")).json()
    public = base64.urlsafe_b64decode(services.public_keys()[found["key"]])
    Ed25519PublicKey.from_public_bytes(public).verify(
        base64.urlsafe_b64decode(found["signature"]), found["list"].encode()
    )
    (row,) = json.loads(found["list"])["revoked"]
    assert (row["facility"], row["serial"]) == (city.PLANT, 1)


def test_anybody_sees_name_and_colour_officials_also_the_cases_and_all_is_logged(plate, people, client):
    address = reverse("enterprises:plate", args=[plate.token])
    page = client.get(address, {"longitude": "126.5", "latitude": "43.8"}).content.decode()
    assert "甲厂" in page and "未结事件" not in page
    client.force_login(people["inspector"])
    assert "未结事件" in client.get(address).content.decode()
    client.force_login(people["rival"])
    assert "未结事件" not in client.get(address).content.decode()
    first, second, third = Scan.objects.order_by("pk")
    assert (first.user, first.longitude, second.role) == (None, 126.5, "grid_inspector")
    assert third.user == people["rival"] and "127.0.0.1" not in first.address_hash
    with pytest.raises(AppendOnlyError):
        first.save()


def test_forged_plates_say_so_and_too_many_looks_are_turned_away(plate, client):
    forged = client.get(reverse("enterprises:plate", args=["x" + plate.token[1:]]))
    assert forged.status_code == 404 and "伪造" in forged.content.decode()
    verdict = services.verify(token=plate.token)
    most = rules.plate_settings()["scans_per_minute"]
    for _ in range(most):
        services.log_scan(verdict=verdict, user=None, at=city.AT, address="10.0.0.1")
    with pytest.raises(services.TooManyScans):
        services.log_scan(verdict=verdict, user=None, at=city.AT, address="10.0.0.1")
    services.log_scan(verdict=verdict, user=None, at=city.AT, address="10.0.0.2")
    services.log_scan(verdict=verdict, user=None, at=city.AT + dt.timedelta(minutes=2), address="10.0.0.1")


def test_the_field_application_gets_status_and_check_list(plate, people, client):
    address = reverse("enterprises:plate_json", args=[plate.token])
    client.force_login(people["inspector"])
    found = client.get(address).json()
    assert found["facility"] == {"code": city.PLANT, "name": "甲厂"} and found["status"] == "valid"
    assert {"code", "question", "basis", "answer", "unit", "expected"} <= found["checklist"][0].keys()
    same = client.get(reverse("enterprises:checklist_json", args=[city.PLANT])).json()
    assert same["checklist"] == found["checklist"]
    client.force_login(people["colleague"])
    assert client.get(address).status_code == 404
    client.force_login(people["enterprise"])
    assert client.get(address).status_code == 403


def test_the_plate_can_be_printed(plate, people, client):
    client.force_login(people["enterprise"])
    assert client.get(reverse("enterprises:plate_print", args=[city.PLANT, 1])).status_code == 200
    image = client.get(reverse("enterprises:plate_svg", args=[city.PLANT, 1]))
    assert image["Content-Type"] == "image/svg+xml" and b"<path" in image.content
    client.force_login(people["rival"])
    assert client.get(reverse("enterprises:plate_svg", args=[city.PLANT, 1])).status_code == 404


def verified(capsys, *arguments):
    from jiangcheng.config.main import main

    code = main(["plates", "verify", *map(str, arguments)])
    return code, capsys.readouterr().out.strip()


def test_a_stranger_checks_a_code_with_two_downloaded_files(plate, client, tmp_path, capsys):
    keys, revoked = tmp_path / "keys.json", tmp_path / "revoked.json"
    keys.write_bytes(client.get("/enterprises/plate-key.json").content)
    revoked.write_bytes(client.get("/enterprises/plate-revocations.json").content)
    address = f"https://city.example/enterprises/p/{plate.token}"
    assert verified(capsys, address, "--keys", keys, "--revoked", revoked)[0] == 0
    assert "revocation not checked" in verified(capsys, plate.token, "--keys", keys)[1]
    forged = plate.token[:-6] + ("AAAAAA" if plate.token[-6:] != "AAAAAA" else "BBBBBB")
    assert verified(capsys, forged, "--keys", keys)[0] == 1
    services.revoke(plate=plate, actor=None, at=city.AT, reason="换牌")
    revoked.write_bytes(client.get("/enterprises/plate-revocations.json").content)
    assert verified(capsys, plate.token, "--keys", keys, "--revoked", revoked) == (
        1, f"revoked: facility {city.PLANT}, plate 1, issued {plate.issued_at:%Y-%m-%d}, key k1",
    )  # fmt: skip
    revoked.write_text(revoked.read_text().replace("revoked_at", "revoked_af"))
    assert verified(capsys, plate.token, "--keys", keys, "--revoked", revoked)[0] == 2


def test_the_code_comes_as_a_picture_to_print_and_the_page_offers_what_one_may_do(plate, people, client):
    anybody = client.get(reverse("enterprises:plate", args=[plate.token])).content.decode()
    assert f"/public/report?plate={plate.token}" in anybody and "检查清单" not in anybody
    client.force_login(people["department"])
    picture = client.get(reverse("enterprises:plate_png", args=[city.PLANT, 1]))
    assert picture.content.startswith(b"\x89PNG")
    assert "检查清单" in client.get(reverse("enterprises:plate", args=[plate.token])).content.decode()


def test_a_permit_about_to_end_becomes_a_case_until_a_new_version_goes_on(people):
    from jiangcheng.core.cases.models import Finding
    from jiangcheng.core.registry.models import Permit

    services.load()
    ends = city.ON + dt.timedelta(days=60)
    Permit.objects.filter(valid_to_date=None).update(valid_to_date=ends + dt.timedelta(days=1))
    assert services.watch_permits(now=city.AT) == 0
    Permit.objects.filter(version=2).update(valid_to_date=ends)
    assert services.watch_permits(now=city.AT) == 1
    finding = Finding.objects.get(kind="enterprises.permit_expiring")
    assert finding.case is not None and str(ends) in finding.title_zh
    old = Permit.objects.get(version=2)
    Permit.objects.create(facility=old.facility, number=old.number, version=3, valid_from_date=ends)
    assert services.watch_permits(now=city.AT) == 0
    finding.refresh_from_db()
    assert finding.ended_at is not None
