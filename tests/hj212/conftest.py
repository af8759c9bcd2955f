"""The public vectors: frames of real devices and of the standards, each with an independent verdict."""

from __future__ import annotations

import pathlib
import re
from typing import NamedTuple

import pytest


class Vector(NamedTuple):
    raw: bytes
    source: str
    length: str
    crc: str

    @property
    def valid(self) -> bool:
        return self.length == "ok" and self.crc in ("ok", "ok_lowercase")


def read_vectors(path: pathlib.Path) -> list[Vector]:
    vectors, verdict = [], re.match("()()()", "")
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("##"):
            assert verdict is not None
            source, length, crc = verdict.groups()
            vectors.append(Vector(line.encode() + b"\r\n", source, length, crc))
        else:
            verdict = re.match(r"# (.*) \| length=(\S+).* \| crc=(\S+)", line) or verdict
    return vectors


@pytest.fixture(scope="session")
def public_vectors(shared_data: pathlib.Path) -> list[Vector]:
    """75 frames found in public repositories and standards, with verdicts on length and check."""
    return read_vectors(shared_data / "hj212" / "vectors_public.txt")


@pytest.fixture(scope="session")
def annex_c(shared_data: pathlib.Path) -> list[bytes]:
    """78 frames around the data segments printed in annex C of HJ 212-2017, its misprints kept."""
    return [vector.raw for vector in read_vectors(shared_data / "hj212" / "spec2017_annexC_segments.txt")]


@pytest.fixture(scope="session")
def valid_frames(public_vectors: list[Vector], annex_c: list[bytes]) -> list[bytes]:
    """Every vector whose length field and check are right."""
    return [vector.raw for vector in public_vectors if vector.valid] + annex_c
