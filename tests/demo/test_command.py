"""``jiangcheng demo``: its arguments, and what ``--reset`` removes."""

from __future__ import annotations

import argparse
import pathlib

import pytest

from jiangcheng.config import demo_command


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    demo_command.register(parser.add_subparsers())
    return parser


def test_defaults(parser: argparse.ArgumentParser) -> None:
    options = parser.parse_args(["demo"])
    assert (options.port, options.gateway_port, options.speed, options.reset) == (8212, 9212, 1.0, False)


@pytest.mark.parametrize("speed", ["0", "-1", "3601", "nan", "fast"])
def test_impossible_speeds_are_refused(
    parser: argparse.ArgumentParser, speed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        parser.parse_args(["demo", "--speed", speed])
    assert refused.value.code == 2
    assert "--speed" in capsys.readouterr().err


def written(folder: pathlib.Path, names: tuple[str, ...]) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")


def test_reset_removes_a_demo_city_and_nothing_else(tmp_path: pathlib.Path) -> None:
    written(
        tmp_path,
        ("demo.json", "jiangcheng.sqlite3", "sealed/hour/2026-01.parquet", "secret-key", "notes.txt"),
    )
    demo_command._forget(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"secret-key", "notes.txt"}


def test_reset_leaves_an_installation_that_is_no_demo_alone(tmp_path: pathlib.Path) -> None:
    written(tmp_path, ("jiangcheng.sqlite3", "sealed/hour/2026-01.parquet"))
    demo_command._forget(tmp_path)
    assert (tmp_path / "jiangcheng.sqlite3").exists()
    assert (tmp_path / "sealed/hour/2026-01.parquet").exists()
