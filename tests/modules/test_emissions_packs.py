"""Evidence packs: what is in them, and that a stranger finds every change."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import io
import json
import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng import hj212
from jiangcheng.config import evidence_cli
from jiangcheng.core.access.models import AuditEntry
from jiangcheng.core.cases.models import Finding
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway import storage
from jiangcheng.hj212 import crc
from jiangcheng.modules.emissions import services
from jiangcheng.modules.emissions.rules import packs, withholding

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
FILES = {"rows.csv": b"start,value\n1,2\n", "finding.json": b"{}"}
ABOUT = {"number": "n", "station": "P1", "from": "a", "to": "b", "made_at": "c", "made_by": "d"}


def sealed(files=None):
    return packs.seal(files or FILES, ABOUT, KEY.sign, PUBLIC)


def rewritten(pack, change):
    """Return the pack with its entries changed by a function of name and content."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(pack)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


def test_an_unbroken_pack_is_signed_and_equal_contents_make_equal_packs():
    verdict = packs.examine(sealed(), PUBLIC)
    assert (verdict.problems, verdict.trusted) == ((), True)
    assert verdict.manifest["files"][0]["sha256"] == hashlib.sha256(b"{}").hexdigest()
    assert sealed() == sealed()
    assert not packs.examine(sealed()).trusted


@given(st.sampled_from(sorted([*FILES, packs.MANIFEST, packs.SIGNATURE])), st.data())
def test_every_changed_byte_is_found(name, data):
    def change(entry, content):
        if entry != name or not content.strip():
            return content
        place = data.draw(st.integers(0, len(content.rstrip()) - 1))
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

    assert packs.examine(rewritten(sealed(), change), PUBLIC).problems


PACK = packs.seal(
    {**FILES, "long.csv": b"".join(b"%d,%d\n" % (n, n * n) for n in range(300))}, ABOUT, KEY.sign, PUBLIC
)


@given(st.integers(0, len(PACK) - 1), st.integers(1, 255))
def test_damage_anywhere_is_told_or_harmless_and_never_an_error(place, mask):
    damaged = PACK[:place] + bytes([PACK[place] ^ mask]) + PACK[place + 1 :]
    verdict = packs.examine(damaged, PUBLIC)
    if not verdict.problems:
        assert verdict.manifest == packs.examine(PACK, PUBLIC).manifest


def test_what_is_missing_added_or_signed_by_another_is_found():
    gone = rewritten(sealed(), lambda name, content: None if name == "rows.csv" else content)
    assert packs.examine(gone, PUBLIC).problems == ("rows.csv is missing",)
    out = io.BytesIO(sealed())
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("more.csv", "x")
    assert packs.examine(out.getvalue(), PUBLIC).problems == ("more.csv is not in the manifest",)
    other = Ed25519PrivateKey.generate()
    forged = packs.seal(FILES, ABOUT, other.sign, other.public_key().public_bytes_raw())
    assert packs.examine(forged, PUBLIC).problems == ("not signed by this key",)
    assert packs.examine(forged).problems == ()
    assert packs.examine(b"no zip").problems[0].startswith("not a readable pack")


@pytest.mark.parametrize(
    "files", [None, 1, ["rows.csv"], [{"size": 1, "sha256": ""}], [{"name": "rows.csv"}], [{"name": []}]]
)
def test_a_signed_manifest_that_names_no_files_is_told_and_never_an_error(files):
    manifest = json.dumps({"form": packs.FORM, "files": files}).encode()
    seals = {packs.MANIFEST: manifest, packs.SIGNATURE: base64.b64encode(KEY.sign(manifest))}
    forged = rewritten(sealed(), lambda name, content: seals.get(name, content))
    assert packs.examine(forged, PUBLIC).problems == ("the manifest names no files",)


@pytest.mark.parametrize("name", ["manifest.json", "../x", "/x", "a\\b"])
def test_no_file_takes_the_name_of_a_seal_or_leads_out(name):
    with pytest.raises(ValueError, match="no name"):
        packs.manifest_of({name: b""}, {})


def test_a_key_is_32_bytes_of_text():
    assert packs.key_of(packs.key_text(PUBLIC) + "\n") == PUBLIC
    for text in ("", "abc", "!!", packs.key_text(PUBLIC)[:-8]):
        with pytest.raises(ValueError, match="public key"):
            packs.key_of(text)


class Options:
    def __init__(self, file, key=None, opening=None, packet=()):
        self.file, self.key, self.opening, self.packet = file, key, opening, packet


def test_the_command_line_needs_only_file_and_key(tmp_path, capsys):
    path, key = tmp_path / "pack.zip", tmp_path / "key.txt"
    path.write_bytes(sealed())
    key.write_text(packs.key_text(PUBLIC))
    assert evidence_cli._verify(Options(path, str(key))) == 0
    assert "unbroken: 2 files" in capsys.readouterr().out
    assert evidence_cli._verify(Options(path, packs.key_text(PUBLIC))) == 0
    assert evidence_cli._verify(Options(path)) == 1
    path.write_bytes(
        rewritten(sealed(), lambda name, content: content + b" " if name == "rows.csv" else content)
    )
    assert evidence_cli._verify(Options(path, str(key))) == 1
    assert "rows.csv was changed" in capsys.readouterr().out
    assert evidence_cli._verify(Options(tmp_path / "none.zip")) == 2
    assert evidence_cli._verify(Options(path, "nonsense")) == 2


def test_a_pack_holds_rule_permit_rows_marks_and_raw_packets(town, settings, tmp_path, capsys):
    people = city.people()
    settings.GATEWAY = {**settings.GATEWAY, "journal": tmp_path / "journal"}
    hour = town.hour("2026-10-30", 1)
    mn = city.ROWS["devices"][0]["mn"]
    raw = hj212.frame(
        b"QN=1;ST=31;CN=2061;PW=739105;MN=%b;Flag=5;CP=&&DataTime=20261030010000&&" % mn.encode()
    )
    journal = storage.open_journal()
    received = int((hour + dt.timedelta(minutes=61)).timestamp() * 1e6)
    journal.append([
        journals.Entry(received, "peer:1", journals.State.REGISTERED, "", mn, "2061", raw),
        journals.Entry(received, "peer:2", journals.State.REGISTERED, "", "OTHER", "2061", b"other"),
    ])  # fmt: skip
    journal.close()
    town.put("P1", "a21026", "zs_avg", [hour], [80.0])
    town.put("P1", "power_production", "avg", [hour], [900.0])
    town.put("P1", "a21026", "zs_avg", [hour - dt.timedelta(hours=1)], [1.0], flag=ord("C"))
    now = hour + dt.timedelta(hours=3)
    services.evaluate(now=now)
    pack = services.pack(finding=Finding.objects.get(), actor=people["department"], now=now)
    verdict = packs.examine(pack, packs.key_of(services.public_key()))
    assert (verdict.problems, verdict.trusted) == ((), True)
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        content = {name: archive.read(name).decode() for name in archive.namelist()}
    assert json.loads(content["rule.json"])["version"].startswith("emissions.over_limit")
    assert json.loads(content["permit.json"])[0]["upper"] == "35.000000"
    assert json.loads(content["finding.json"])["case"]["steps"]
    assert "a21026-zs_avg" in content["rows.csv"] and "80.0" in content["rows.csv"]
    assert "900.0" in content["power.csv"] and "900.0" not in content["rows.csv"]
    assert content["calibration.csv"].count("\n") == 2
    packets = [json.loads(line) for line in content["packets.jsonl"].splitlines()]
    shown = raw.replace(b"739105", b"******")[:-6] + b"****\r\n"
    assert [base64.b64decode(packet["raw"]) for packet in packets] == [shown]
    assert (packets[0]["check"], packets[0]["mn"]) == ("hj212", mn)
    assert "commitment" in verdict.manifest["withheld"]
    assert not any(b"739105" in archive_bytes.encode() for archive_bytes in content.values())
    # What is withheld can be proven by the platform, and by nobody who changes a byte of it.
    path, key_file, opening = tmp_path / "pack.zip", tmp_path / "key", tmp_path / "opening.json"
    path.write_bytes(pack)
    key_file.write_text(services.public_key())
    assert evidence_cli._open(Options(path, packet=[packets[0]["seq"]])) == 0
    opening.write_text(told := capsys.readouterr().out)
    assert base64.b64decode(json.loads(told)[0]["raw"]) == raw
    assert evidence_cli._verify(Options(path, str(key_file), opening)) == 0
    assert "1 packets opened" in capsys.readouterr().out
    other = json.loads(told)
    other[0]["raw"] = base64.b64encode(raw.replace(b"739105", b"739106")).decode()
    opening.write_text(json.dumps(other))
    assert evidence_cli._verify(Options(path, str(key_file), opening)) == 1
    assert "does not fit the commitment" in capsys.readouterr().out
    assert evidence_cli._open(Options(path, packet=[4711])) == 2
    assert AuditEntry.objects.filter(action="emissions.evidence_opening").count() == 1
    assert AuditEntry.objects.filter(action="emissions.evidence_pack", actor_name="department").exists()
    keys = list((settings.DATA / "evidence-keys").iterdir())
    assert len(keys) == 2 and not any(key.stat().st_mode & 0o077 for key in keys)


# --- what is withheld

SECRET = st.text("0123456789abcXYZ _", min_size=1, max_size=12).filter(str.strip)


@given(
    SECRET,
    st.sampled_from(["PW=%s", "NewPW=%s", "pw = %s", "CP=&&NewSK=%s&&", "PW=%s;PW=%s"]),
)
def test_no_secret_is_left_and_every_other_byte_stays(secret, field):
    text = field.replace("%s", secret).encode()
    raw = hj212.frame(b"QN=1;" + text + b";MN=A;CP=&&a=1&&")
    found = withholding.withheld(raw)
    assert len(found.raw) == len(raw)
    kept = [at for at in range(len(raw)) if not any(a <= at < b for a, b in found.ranges)]
    assert all(found.raw[at] == raw[at] for at in kept)
    assert secret.strip().encode() not in bytes(found.raw[a] for pair in found.ranges for a in range(*pair))
    assert found.raw.endswith(b"****\r\n")
    assert withholding.withheld(found.raw).raw == found.raw


@pytest.mark.parametrize(("check", "most"), [(hj212.crc16, 30), (crc.DIALECTS["modbus"], 9)])
def test_the_check_of_a_packet_would_rule_most_passwords_out(check, most):
    """The reason for which the check is withheld."""
    packet = b"QN=1;PW=%03d;MN=A;CP=&&a=1&&"
    given = check(packet % 472)
    fitting = [guess for guess in range(1_000) if check(packet % guess) == given]
    assert 472 in fitting and len(fitting) <= most


def packet_line(raw=b"##0005PW=12\r\n", **changed):
    salt = withholding.salt(b"s" * 32, "pack", 7)
    return withholding.line({"seq": 7, "raw": raw, **changed}, salt), salt


def test_a_pack_that_shows_a_password_is_broken_even_if_it_is_signed():
    line, _ = packet_line()
    good = packs.seal({**FILES, withholding.FILE: line}, ABOUT, KEY.sign, PUBLIC)
    assert packs.examine(good, PUBLIC).problems == ()
    told = json.loads(line)
    told["raw"] = base64.b64encode(b"##0005PW=12\r\n").decode()
    for bad, problem in (
        ({**told, "withheld": []}, "line 1 shows a password"),
        (told, "line 1 is no packet"),
        ({**json.loads(line), "commitment": "x"}, "line 1 is no packet"),
        ([], "line 1 is no packet"),
    ):
        lines = json.dumps(bad).encode()
        forged = packs.seal({**FILES, withholding.FILE: lines}, ABOUT, KEY.sign, PUBLIC)
        assert packs.examine(forged, PUBLIC).problems == (f"packets.jsonl {problem}",)


def test_a_commitment_hides_by_its_salt_and_binds():
    line, salt = packet_line()
    raw = b"##0005PW=12\r\n"
    right = withholding.opening({"seq": 7, "raw": raw}, salt)
    assert withholding.opening_problems(line, [right]) == []
    assert withholding.opening_problems(line, [{**right, "salt": bytes(32).hex()}])
    assert withholding.opening_problems(line, [{**right, "seq": 8}])
    assert withholding.opening_problems(line, [{}])
    other, _ = packet_line(raw=b"##0005PW=13\r\n")
    assert json.loads(other)["raw"] == json.loads(line)["raw"]
    assert json.loads(other)["commitment"] != json.loads(line)["commitment"]
    with pytest.raises(ValueError, match="32 bytes"):
        withholding.commitment(b"short", raw)
