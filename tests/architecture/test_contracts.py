"""The shape of the house: contracts and what the contracts cannot see."""

from __future__ import annotations

import ast
import pathlib
import re
import subprocess
import sys

import pytest
from django.apps import apps

from jiangcheng.config import wiring

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "jiangcheng"
ROOMS = [path for path in (PACKAGE / "modules").iterdir() if path.is_dir() and path.name != "__pycache__"]


def owner(path: pathlib.Path) -> str:
    """Return the desk or room a file belongs to, e.g. ``modules/air``."""
    parts = path.relative_to(PACKAGE).parts
    return "/".join(parts[:2]) if parts[0] in ("core", "modules") else parts[0]


def test_import_contracts_hold():
    run = subprocess.run(
        [pathlib.Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout


def test_no_contract_is_weakened_by_an_exception():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "ignore_imports" not in text


def test_no_relation_leads_from_one_room_into_another():
    foreign = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in apps.get_models()
        if model.__module__.startswith("jiangcheng.modules.")
        for field in model._meta.get_fields()
        if field.is_relation
        and field.related_model is not None
        and field.related_model.__module__.startswith("jiangcheng.modules.")
        and field.related_model._meta.app_label != model._meta.app_label
    ]
    assert foreign == []


def test_nobody_imports_by_string_except_the_switchboard():
    found = [
        str(path.relative_to(ROOT))
        for path in PACKAGE.rglob("*.py")
        if owner(path) != "config"
        and re.search(r"\b(?:import_module|__import__|import_string)\(", path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_templates_include_only_their_own_and_the_portals():
    wrong = []
    for path in PACKAGE.rglob("templates/**/*.html"):
        own = path.relative_to(PACKAGE).parts
        room = own[1] if own[0] in ("core", "modules") else own[0]
        for target in re.findall(
            r"""{%\s*(?:include|extends)\s+["']([^"'/]+)/""", path.read_text(encoding="utf-8")
        ):
            if target not in (room, "portal"):
                wrong.append(f"{path.relative_to(ROOT)} uses {target}/")
    assert wrong == []


def test_every_name_in_the_manifests_resolves():
    assert wiring.problems() == []


def test_every_translation_is_complete():
    from babel.messages import pofile

    missing = []
    for path in PACKAGE.rglob("locale/en/LC_MESSAGES/django.po"):
        with path.open("rb") as file:
            for message in pofile.read_po(file):
                strings = message.string if isinstance(message.string, tuple) else (message.string,)
                if message.id and (message.fuzzy or not all(strings)):
                    missing.append(f"{path.relative_to(PACKAGE)}: {message.id}")
    assert missing == []


def _translated(app: pathlib.Path) -> set[str]:
    from babel.messages import pofile

    ids: set[str] = set()
    path = app / "locale/en/LC_MESSAGES/django.po"
    if path.exists():
        with path.open("rb") as file:
            for message in pofile.read_po(file):
                ids.update(message.id if isinstance(message.id, tuple) else (message.id,))
    return ids


def _used_in_templates(app: pathlib.Path) -> set[str]:
    used: set[str] = set()
    for path in app.rglob("templates/**/*.html"):
        text = path.read_text(encoding="utf-8")
        for _quote, string in re.findall(r"""{%\s*(?:trans|translate)\s+(["'])(.+?)\1""", text):
            used.add(string)
        for string in re.findall(r"""_\("([^"]+)"\)""", text):
            used.add(string)
        for body in re.findall(r"{%\s*blocktrans(?:late)?[^%]*%}(.*?){%\s*endblocktrans", text, re.S):
            if "{%" not in body:
                used.add(re.sub(r"{{\s*(\w+)\s*}}", r"%(\1)s", body))
    return used


def _used_in_code(app: pathlib.Path) -> set[str]:
    used: set[str] = set()
    for path in app.rglob("*.py"):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name | ast.Attribute)
                and (node.func.id if isinstance(node.func, ast.Name) else node.func.attr)
                in ("_", "gettext", "gettext_lazy", "ngettext")
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and isinstance(node.args[0].value, str)
            ):
                used.add(node.args[0].value)
    return used


@pytest.mark.parametrize(
    "app",
    [*(path.parent for path in PACKAGE.glob("core/*/apps.py")), *ROOMS, PACKAGE / "gateway"],
    ids=lambda path: path.name,
)
def test_every_string_a_person_sees_exists_in_english(app):
    strings = {text for text in _used_in_templates(app) | _used_in_code(app) if re.search("[一-鿿]", text)}
    shared = _translated(PACKAGE / "core/portal")
    assert sorted(strings - _translated(app) - shared) == []


def test_templates_have_no_inline_script_or_style():
    wrong = [
        str(path.relative_to(ROOT))
        for path in PACKAGE.rglob("templates/**/*.html")
        if re.search(
            r"""\sstyle=|\son(?:click|change|submit|load|input)=|<script(?![^>]*(?:src=|application/json))|https?://(?!www\.w3\.org)""",
            path.read_text(encoding="utf-8"),
        )
    ]
    assert wrong == []
