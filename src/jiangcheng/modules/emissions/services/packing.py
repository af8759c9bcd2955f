"""Evidence packs: what a finding rests on, as it lies in the journal and the store, sealed and signed."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import json
import os
import pathlib
import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from jiangcheng.core import manifest as manifests
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.access.services import vault
from jiangcheng.core.cases import queries as case_queries
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, PermitLimit, Station
from jiangcheng.modules.emissions import queries, rules
from jiangcheng.standards import lookup, periods

PURPOSE, COMMITMENT = "emissions.evidence-key", "emissions.evidence-commitment"
AROUND = 24 * periods.HOUR
"""Time before and after that shows what is usual [s]."""
LONGEST = 45 * periods.DAY
LATE = 2 * periods.HOUR
"""Packets of a period may arrive so much after its end [s]."""
METER = re.compile(r"d[1-3][0-9]{4}")
"""Codes of electricity (HJ 212-2025)."""
SIGNALS = ("load", "power_production", "power_treatment", "water_intake", "water_discharge")
CALIBRATIONS = frozenset((rules.validity.CALIBRATION, rules.validity.MAINTENANCE))
README = """江城 证据包 / Jiangcheng evidence pack

finding.json   线索或超标 / what was found, and its case with every step
rule.json      规则、版本、参数、来源 / the rule, its version, parameters and source
permit.json    当时有效的许可限值 / permit limits in force in the period
rows.csv       监测数据及标记 / what was measured, with flags and revisions
power.csv      生产、治理、用水 / production, treatment and water
calibration.csv 校准与维护时段 / hours flagged as calibration or maintenance
marks.csv      企业标记 / what the enterprise marked and what was decided
packets.jsonl  原始报文（base64），密码及其校验以 * 代替 / raw packets, base64; passwords and their checks are '*'
flags.json     标记字母的含义 / what the letters of the flags mean

核验 / to verify:  jiangcheng evidence verify FILE --key PUBLIC-KEY
manifest.json 列出每个文件的 SHA-256；manifest.sig 是对 manifest.json 的 Ed25519 签名。
manifest.json lists the SHA-256 of every file; manifest.sig is the Ed25519 signature of manifest.json.
报文中的访问密码（PW、NewPW、NewSK）不随证据外流；其余字节已知时 CRC 可排除绝大多数密码，故同时隐去，
"check" 注明原校验。
"commitment" 是对原报文的加盐 SHA-256 承诺；平台可出具单个报文的原文与盐值（jiangcheng evidence open），
任何人用 jiangcheng evidence verify FILE --key PUBLIC-KEY --opening FILE 核对。
Passwords in packets are withheld, and with them the CRC, which would rule most passwords out; "check" says which
check the original had. "commitment" is a salted SHA-256 of the original packet: the platform can open single packets
(evidence open), and anybody can check an opening (evidence verify --opening).
"""


def pack(*, finding: Finding, actor: User | None, now: dt.datetime) -> bytes:
    """Return the evidence pack of a finding at an outlet, and note on the audit trail who took it.

    Raises
    ------
    ValueError
        If the finding is not at a station.
    """
    if finding.station is None:
        raise ValueError("a pack needs an outlet")
    start, end = _period(finding, now)
    station = finding.station
    files = {
        "README.txt": README.encode(),
        "finding.json": _json(_told(finding)),
        "rule.json": _json(_rule(finding)),
        "permit.json": _json(_permits(station, start, end)),
        "flags.json": _json(_flags()),
        "rows.csv": _csv(_rows(station, start, end, signals=False)),
        "power.csv": _csv(_rows(station, start, end, signals=True)),
        "calibration.csv": _csv(_calibrations(station, start, end)),
        "marks.csv": _csv(_marks(station, start, end)),
    }
    key = _private()
    number = f"{finding.kind}-{finding.pk}"
    files[rules.withholding.FILE] = b"".join(
        rules.withholding.line(packet, _salt(number, now.isoformat(), packet["seq"]))
        for packet in _packets(station, start, end)
    )
    about = {
        "number": number,
        "kind": finding.kind,
        "rule_version": finding.rule_version,
        "station": station.code,
        "facility": finding.facility.code if finding.facility else "",
        "from": queries.instant(start).isoformat(),
        "to": queries.instant(end).isoformat(),
        "store": store.snapshot(),
        "made_at": now.isoformat(),
        "made_by": actor.username if actor else "",
        "withheld": dict(rules.withholding.STATEMENT),
    }
    sealed = rules.packs.seal(files, about, key.sign, key.public_key().public_bytes_raw())
    access.record(
        actor=actor,
        action="emissions.evidence_pack",
        object_type="finding",
        object_id=str(finding.pk),
        after={"bytes": len(sealed), "number": about["number"], "store": about["store"]},
        at=now,
    )
    return sealed


def public_key() -> str:
    """Return the key that checks this installation's packs: base64url of 32 bytes."""
    return rules.packs.key_text(_private().public_key().public_bytes_raw())


def openings(pack: bytes, *, packets: Collection[int], now: dt.datetime) -> list[dict[str, Any]]:
    """Return what proves packets of a pack of this installation: original bytes and salt; noted on the trail.

    Parameters
    ----------
    packets
        Numbers in the journal, as the lines of the pack name them.

    Raises
    ------
    ValueError
        If the pack is broken, not of this installation, or a packet is not in it or no longer in the journal.
    """
    verdict = rules.packs.examine(pack, _private().public_key().public_bytes_raw())
    if verdict.problems:
        raise ValueError("; ".join(verdict.problems))
    told = verdict.manifest
    station = Station.objects.filter(code=told["station"]).first()
    if station is None:
        raise ValueError(f"there is no outlet {told['station']!r}")
    start, end = (int(dt.datetime.fromisoformat(told[name]).timestamp()) for name in ("from", "to"))
    held = {packet["seq"]: packet for packet in _packets(station, start, end)}
    if missing := sorted(set(packets) - held.keys()):
        raise ValueError(f"not in the journal for this pack: {missing}")
    found = [
        rules.withholding.opening(held[seq], _salt(told["number"], told["made_at"], seq)) for seq in packets
    ]
    if wrong := rules.withholding.opening_problems(rules.packs.packets(pack), found):
        raise ValueError("; ".join(wrong))
    access.record(
        actor=None,
        action="emissions.evidence_opening",
        object_type="evidence",
        object_id=str(told["number"]),
        after={"packets": sorted(packets), "made_at": told["made_at"]},
        at=now,
    )
    return found


def _private() -> Ed25519PrivateKey:
    """Return the signing key."""
    return Ed25519PrivateKey.from_private_bytes(_kept("e1.key", PURPOSE))


def _salt(number: str, made_at: str, seq: int) -> bytes:
    """Return the salt of a packet of a pack; made again from the secret, so that none has to be stored."""
    secret = _kept("commitment.key", COMMITMENT)
    return rules.withholding.salt(secret, f"{number} {made_at}", seq)


def _kept(name: str, purpose: str) -> bytes:
    """Return 32 secret bytes; made when first asked for, kept sealed by the installation's vault."""
    path = pathlib.Path(settings.DATA) / "evidence-keys" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = base64.b64encode(secrets.token_bytes(32)).decode()
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass  # Another process was quicker; its secret counts.
        else:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(vault.sealed(fresh, purpose=purpose))
    return base64.b64decode(vault.opened(path.read_text(encoding="ascii"), purpose=purpose))


def _period(finding: Finding, now: dt.datetime) -> tuple[int, int]:
    first = int(finding.first_at.timestamp()) // periods.HOUR * periods.HOUR - AROUND
    last = int(finding.last_at.timestamp()) // periods.HOUR * periods.HOUR + periods.HOUR + AROUND
    last = min(last, int(now.timestamp()) // periods.HOUR * periods.HOUR + periods.HOUR)
    return max(first, last - LONGEST), last


def _told(finding: Finding) -> dict[str, Any]:
    case = finding.case
    return {
        "kind": finding.kind,
        "title_zh": finding.title_zh,
        "title_en": finding.title_en,
        "severity": finding.severity,
        "found_at": finding.found_at,
        "first_at": finding.first_at,
        "last_at": finding.last_at,
        "ended_at": finding.ended_at,
        "occurrences": finding.occurrences,
        "evidence": finding.evidence,
        "case": None
        if case is None
        else {
            "number": case.number,
            "state": case.state,
            "steps": [
                {
                    "sequence": step.sequence,
                    "action": step.action,
                    "at": step.at,
                    "by": str(step.actor or ""),
                    "text": step.text,
                    "hash": step.hash,
                }
                for step in case_queries.steps(case=case)
            ],
        },
    }


def _rule(finding: Finding) -> dict[str, Any]:
    on = queries.day_of(int(finding.last_at.timestamp()))
    if finding.kind.startswith(queries.CLUE):
        table = rules.tables.in_force("clues", on)
        rule = finding.kind.removeprefix(queries.CLUE)
        return {
            "rule": finding.kind,
            "version": finding.rule_version,
            "valid_from": table["valid_from"],
            "source": table["source"],
            "verified": table["verified"],
            "parameters": table["rules"][rule],
        }
    configuration = case_queries.rule_configuration(rule=finding.kind, on=on)
    return {
        "rule": finding.kind,
        "version": finding.rule_version,
        "source": configuration.source if configuration else "",
        "parameters": configuration.parameters if configuration else {},
    }


def _permits(station: Station, start: int, end: int) -> list[dict[str, Any]]:
    rows: list[PermitLimit] = queries.limits(
        stations=[station.pk], first=queries.day_of(start), last=queries.day_of(end)
    )
    return [
        {
            "permit": str(row.permit),
            "valid_from": row.permit.valid_from_date,
            "valid_to": row.permit.valid_to_date,
            "property": str(row.observed_property),
            "name_zh": row.observed_property.name_zh,
            "averaging": row.averaging,
            "lower": row.lower,
            "upper": row.upper,
            "unit": row.observed_property.unit,
            "basis": row.basis,
        }
        for row in rows
    ]


def _flags() -> dict[str, str]:
    return {row.parameter: row.extra["name_zh"] for row in lookup.table("HJ212_flags").rows}


def _rows(station: Station, start: int, end: int, *, signals: bool) -> Iterator[Sequence[Any]]:
    """Yield the stored values of minutes, hours and days, with a heading."""
    yield ("granularity", "start", "property", "name_zh", "value", "unit", "flag", "revision")
    known = {item.pk: item for item in ObservedProperty.objects.all() if _is_signal(item.code) == signals}
    for granularity in (store.Granularity.MINUTE, store.Granularity.HOUR, store.Granularity.DAY):
        table = store.read(
            stations=[station.pk], properties=None, granularity=granularity, start=start, end=end
        )
        for row in table.to_pylist():
            item = known.get(row["property"])
            if item is not None:
                yield (
                    granularity.name.lower(),
                    queries.instant(row["start"]).isoformat(),
                    str(item),
                    item.name_zh,
                    "" if row["value"] != row["value"] else repr(row["value"]),
                    item.unit,
                    chr(row["flag"]),
                    row["revision"],
                )


def _is_signal(code: str) -> bool:
    return code in SIGNALS or METER.fullmatch(code) is not None


def _calibrations(station: Station, start: int, end: int) -> Iterator[Sequence[Any]]:
    yield ("start", "end", "flag")
    table = store.read(
        stations=[station.pk], properties=None, granularity=store.Granularity.HOUR, start=start, end=end
    )
    pairs = {
        (row["start"], row["flag"])
        for row in table.select(["start", "flag"]).to_pylist()
        if row["flag"] in CALIBRATIONS
    }
    for at, flag in sorted(pairs):
        yield queries.instant(at).isoformat(), queries.instant(at + periods.HOUR).isoformat(), chr(flag)


def _marks(station: Station, start: int, end: int) -> Iterator[Sequence[Any]]:
    yield ("number", "kind", "from", "to", "state", "late", "withdrawn_at", "reason")
    for mark in queries.all_marks(station=station, start=start, end=end):
        yield (
            mark.number,
            mark.kind,
            mark.from_at.isoformat(),
            mark.to_at.isoformat(),
            mark.state,
            mark.late,
            mark.withdrawn_at.isoformat() if mark.withdrawn_at else "",
            mark.reason,
        )


def _packets(station: Station, start: int, end: int) -> list[Mapping[str, Any]]:
    """Return the raw packets of the station's devices; empty where nobody keeps any."""
    answers = manifests.manifests.ask(
        "station.packets",
        mns=list(station.devices.values_list("mn", flat=True)),
        start=queries.instant(start),
        end=queries.instant(end + LATE),
    )
    return [packet for answer in answers for packet in answer]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=_plain).encode()


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _csv(rows: Iterable[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()
