"""What our reader makes of test vectors, held against a verdict that comes from elsewhere.

A file of vectors has one frame per line without its CR LF. A line ``# source | length=ok … | crc=modbus …`` before it
says what an independent program found; where there is none, length and check are judged here with the loop of
annex A written out, which shares no code with `crc`.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from jiangcheng.hj212 import codec, leniency
from jiangcheng.hj212.errors import RemoteProtocolError
from jiangcheng.hj212.leniency import Finding, Grade

KINDS: Final = ("valid", "lower-case", "dialect", "length", "wrong")
"""Valid; valid with the check in lower case; with a foreign check; with a right check but a wrong length; wrong."""

_VERDICT = re.compile(rb"# *(.*?) *\| *length=(\S+).*\| *crc=(\S+)")
_KIND_OF_CHECK: Final = {"ok": "valid", "ok_lowercase": "lower-case", "bad": "wrong", "missing": "wrong"}


class Vector(NamedTuple):
    """One frame with the verdict on it: ``ok`` or something else for its length, and for its check."""

    raw: bytes
    source: str
    length: str
    crc: str

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        kind = _KIND_OF_CHECK.get(self.crc, "dialect")
        return "length" if kind in ("valid", "lower-case") and self.length != "ok" else kind


class Reading(NamedTuple):
    """What one way of reading made of a frame; `dialect` names a foreign check that fitted."""

    accepted: bool
    code: str
    dialect: str
    findings: tuple[Finding, ...]

    @property
    def grade(self) -> Grade:
        """The worst grade among the findings."""
        return leniency.worst(self.findings)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One vector, read strictly and tolerantly."""

    vector: Vector
    strict: Reading
    tolerant: Reading

    @property
    def kept(self) -> bool:
        """Whether the reader did what the verdict asks for.

        What is valid or has a known meaning is taken, its dialect named in both ways of reading; what is wrong is
        refused by both with a code. Strict reading never takes a frame whose check or length is not right.
        """
        kind = self.vector.kind
        if kind == "wrong":
            return not (self.strict.accepted or self.tolerant.accepted) and bool(self.tolerant.code)
        if kind == "dialect":
            names = {self.strict.dialect, self.tolerant.dialect}
            return self.tolerant.accepted and not self.strict.accepted and names == {self.vector.crc}
        if kind == "length":
            return self.tolerant.accepted and not self.strict.accepted
        return self.tolerant.accepted and not self.tolerant.dialect

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome for JSON."""
        return {
            "source": self.vector.source,
            "frame": self.vector.raw.decode("utf-8", "backslashreplace").rstrip("\r\n"),
            "kind": self.vector.kind,
            "as_expected": self.kept,
            "accepted": self.tolerant.accepted,
            "code": self.tolerant.code,
            "dialect": self.tolerant.dialect,
            "grade": self.tolerant.grade.value,
            "deviations": [finding.as_dict() for finding in self.tolerant.findings],
            "strict": {"accepted": self.strict.accepted, "code": self.strict.code},
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What became of all vectors."""

    outcomes: tuple[Outcome, ...]

    @property
    def kept(self) -> bool:
        """Whether every vector fared as its verdict asks."""
        return all(outcome.kept for outcome in self.outcomes)

    @property
    def summary(self) -> dict[str, dict[str, int]]:
        """Counts by kind: vectors, taken strictly, taken tolerantly, as expected."""
        counts = {}
        for kind in KINDS:
            of_kind = [outcome for outcome in self.outcomes if outcome.vector.kind == kind]
            counts[kind] = {
                "vectors": len(of_kind),
                "strict": sum(outcome.strict.accepted for outcome in of_kind),
                "tolerant": sum(outcome.tolerant.accepted for outcome in of_kind),
                "as_expected": sum(outcome.kept for outcome in of_kind),
            }
        return counts

    @property
    def dialects(self) -> dict[str, int]:
        """How many frames carry each foreign check."""
        names = (outcome.tolerant.dialect for outcome in self.outcomes)
        return dict(collections.Counter(name for name in names if name).most_common())

    @property
    def grades(self) -> dict[str, int]:
        """How many frames have each grade, A to D, when read tolerantly."""
        counted = collections.Counter(outcome.tolerant.grade.value for outcome in self.outcomes)
        return {grade.value: counted[grade.value] for grade in Grade}

    @property
    def deviations(self) -> dict[str, int]:
        """How many frames show each deviation or error, the most frequent first."""
        codes = ({found.code for found in outcome.tolerant.findings} for outcome in self.outcomes)
        return dict(collections.Counter(code for frame in codes for code in sorted(frame)).most_common())

    def as_dict(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return {
            "as_expected": self.kept,
            "summary": self.summary,
            "dialects": self.dialects,
            "grades": self.grades,
            "deviations": self.deviations,
            "vectors": [outcome.as_dict() for outcome in self.outcomes],
        }

    def table(self) -> list[str]:
        """Return the report as lines for reading."""
        lines = [f"{'kind':<11}{'grade':<6}{'read':<9}{'code, dialect, deviations':<60} source"]
        lines += [_line(outcome) for outcome in self.outcomes]
        lines += ["", f"{'kind':<11}{'vectors':>8}{'strict':>8}{'tolerant':>9}{'as expected':>13}"]
        for kind, row in self.summary.items():
            numbers = f"{row['vectors']:>8}{row['strict']:>8}{row['tolerant']:>9}{row['as_expected']:>13}"
            lines.append(f"{kind:<11}{numbers}")
        for title, counts in (("dialects", self.dialects), ("grades", self.grades)):
            lines.append(f"{title}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))
        return lines


def _line(outcome: Outcome) -> str:
    read = outcome.tolerant
    codes = ", ".join(dict.fromkeys(found.code for found in read.findings))
    named = f"{codes} ({read.dialect})" if read.dialect else codes
    done = "taken" if read.accepted else "refused"
    mark = "" if outcome.kept else "  NOT AS EXPECTED"
    return f"{outcome.vector.kind:<11}{read.grade.value:<6}{done:<9}{named:<60} {outcome.vector.source[:60]}{mark}"


def read_vectors(data: bytes, *, origin: str = "") -> list[Vector]:
    """Read a file of vectors.

    Parameters
    ----------
    data : bytes
        The file, in which lines that start with ``##`` are frames.
    origin : str
        Source of the frames that name none.
    """
    vectors: list[Vector] = []
    verdict: tuple[str, str, str] | None = None
    for line in data.removeprefix(b"\xef\xbb\xbf").splitlines():
        if line.startswith(b"##"):
            raw = line.rstrip(b"\r") + b"\r\n"
            vectors.append(Vector(raw, *(verdict or (origin, *_own_verdict(raw)))))
            verdict = None
        elif stated := _VERDICT.match(line):
            source, length, check = (part.decode("utf-8", "replace") for part in stated.groups())
            verdict = source, length, check
    return vectors


def _own_verdict(raw: bytes) -> tuple[str, str]:
    segment, given = raw[6:-6], raw[-6:-2]
    length = "ok" if raw[2:6].isdigit() and int(raw[2:6]) == len(segment) else "wrong"
    wanted = b"%04X" % _annex_a(segment)
    if given.upper() != wanted:
        return length, "bad"
    return length, "ok" if given == wanted else "ok_lowercase"


def _annex_a(segment: bytes) -> int:
    """Compute the check as annex A prints it, bit by bit."""
    register = 0xFFFF
    for byte in segment:
        register = (register >> 8) ^ byte
        for _ in range(8):
            register = (register >> 1) ^ 0xA001 if register & 1 else register >> 1
    return register


def run(vectors: Iterable[Vector]) -> Report:
    """Read every vector strictly and tolerantly."""
    return Report(
        tuple(
            Outcome(vector, _read(vector.raw, tolerant=False), _read(vector.raw, tolerant=True))
            for vector in vectors
        )
    )


def _read(raw: bytes, *, tolerant: bool) -> Reading:
    try:
        message = codec.decode(raw, tolerant=tolerant)
    except RemoteProtocolError as error:
        return Reading(False, error.code, error.error.crc_dialect, leniency.findings(error.error))
    found = leniency.findings(message)
    dialect = next((finding.detail for finding in found if finding.code == "crc_dialect"), "")
    return Reading(True, "", dialect, found)
