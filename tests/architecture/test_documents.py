"""Documents that must follow the code."""

from __future__ import annotations

import pathlib
import re

from django.apps import apps

from jiangcheng.config import standards_cli

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_every_noun_of_the_core_is_in_the_glossary():
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", glossary))
    nouns = {
        model.__name__
        for desk in ("access", "registry", "cases", "indicators", "portal")
        for model in apps.get_app_config(desk).get_models()
    }
    assert sorted(nouns - named - {"User"}) == []


def test_links_between_documents_lead_somewhere():
    broken = []
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_the_page_of_verification_lists_every_table_as_it_stands():
    page = (ROOT / "docs/verification.md").read_text(encoding="utf-8")
    _, _, rest = page.partition("<!-- tables -->")
    listed, _, _ = rest.partition("<!-- end -->")
    assert listed.strip() == standards_cli.markdown(), (
        "jiangcheng standards > docs/verification.md, between the marks"
    )
