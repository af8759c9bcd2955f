"""The questions an inspector asks in a plant, made from what its permit says."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question with the permit condition it rests on."""

    code: str
    question_zh: str
    question_en: str
    basis: str
    answer: str = "yes_no"
    unit: str = ""
    expected: str = ""


def permit_questions(
    *,
    permit: str,
    units: Iterable[Mapping[str, Any]],
    treatments: Iterable[Mapping[str, Any]],
    outlets: Iterable[Mapping[str, Any]],
    limits: Iterable[Mapping[str, Any]],
    monitoring: Iterable[Mapping[str, Any]],
    reports: Iterable[Mapping[str, Any]],
) -> list[Question]:
    """Return the check list of one permit version, from the units to the reports.

    Every mapping carries ``code``, ``name_zh`` and ``name_en``; limits also ``expected``, ``unit`` and
    ``basis``; treatments ``process``; monitoring and reports ``frequency_zh`` and ``frequency_en``.
    """
    return [
        *(_unit(permit, item) for item in units),
        *(_treatment(permit, item) for item in treatments),
        *(_outlet(permit, item) for item in outlets),
        *(_limit(permit, item) for item in limits),
        *(_monitoring(permit, item) for item in monitoring),
        *(_report(permit, item) for item in reports),
    ]


def _unit(permit: str, item: Mapping[str, Any]) -> Question:
    return Question(
        code=f"unit:{item['code']}",
        question_zh=f"生产设施 {item['code']} {item['name_zh']} 与许可证一致吗？",
        question_en=f"Is production unit {item['code']} {item['name_en']} as the permit says?",
        basis=f"{permit} 主要生产设施",
        expected=str(item.get("capacity", "")),
    )


def _treatment(permit: str, item: Mapping[str, Any]) -> Question:
    return Question(
        code=f"treatment:{item['code']}",
        question_zh=f"治理设施 {item['code']} {item['name_zh']} 正常运行吗？",
        question_en=f"Does treatment {item['code']} {item['name_en']} run as it should?",
        basis=f"{permit} 污染治理设施",
        expected=str(item.get("process", "")),
    )


def _outlet(permit: str, item: Mapping[str, Any]) -> Question:
    return Question(
        code=f"outlet:{item['code']}",
        question_zh=f"排放口 {item['code']} {item['name_zh']} 的位置、标识牌与许可证一致吗？",
        question_en=f"Are place and sign of outlet {item['code']} {item['name_en']} as the permit says?",
        basis=f"{permit} 排放口",
    )


def _limit(permit: str, item: Mapping[str, Any]) -> Question:
    return Question(
        code=f"limit:{item['code']}",
        question_zh=f"{item['name_zh']} 现场读数是多少？",
        question_en=f"What does the instrument show for {item['name_en']}?",
        basis=f"{permit} 许可排放限值；{item['basis']}",
        answer="number",
        unit=item["unit"],
        expected=item["expected"],
    )


def _monitoring(permit: str, item: Mapping[str, Any]) -> Question:
    return Question(
        code=f"monitoring:{item['code']}",
        question_zh=f"{item['name_zh']} 按{item['frequency_zh']}监测并保存原始记录吗？",
        question_en=f"Is {item['name_en']} monitored {item['frequency_en']}, with raw records kept?",
        basis=f"{permit} 自行监测要求",
        expected=item["frequency_zh"],
    )


def _report(permit: str, item: Mapping[str, Any]) -> Question:
    return Question(
        code=f"report:{item['code']}",
        question_zh=f"{item['frequency_zh']}执行报告按期提交吗？",
        question_en=f"Is the {item['frequency_en']} execution report handed in on time?",
        basis=f"{permit} 执行报告要求",
        expected=item["frequency_zh"],
    )
