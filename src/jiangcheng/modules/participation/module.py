"""The room 公众参与: the public site, complaints, open data, corrections, open facilities, releases."""

import json
import pathlib

from jiangcheng.core.manifest import (
    FacilityCard,
    FindingKind,
    Hook,
    Manifest,
    MapLayer,
    Names,
    NotificationKind,
    Page,
    PeriodicTask,
    Permission,
    PublicPage,
    Register,
)

VIEW, MANAGE = "participation.view", "participation.manage"
KINDS = json.loads((pathlib.Path(__file__).parent / "data" / "kinds.json").read_text(encoding="utf-8"))[
    "kinds"
]


def _register(code: str, zh: str, en: str, model: str, **more: object) -> Register:
    return Register(
        code=code,
        names=Names(zh, en),
        model=f"participation.{model}",
        view=VIEW,
        change=MANAGE,
        **more,  # type: ignore[arg-type]
    )


MANIFEST = Manifest(
    code="participation",
    names=Names("公众参与", "Participation"),
    permissions=(
        Permission(VIEW, Names("查看公众参与", "See participation")),
        Permission(MANAGE, Names("办理公众参与与发布", "Answer the public and publish")),
    ),
    pages=(
        Page("participation:desk", Names("公众投诉", "Complaints"), VIEW, "act", "message-square", order=40),
    ),
    finding_kinds=tuple(
        FindingKind(
            f"participation.{item['code']}",
            Names(f"公众投诉：{item['name_zh']}", f"Complaint: {item['name_en']}"),
            case_type="COMPLAINT",
            severity=2,
            withheld=True,
        )
        for item in KINDS
    ),
    map_layers=(
        MapLayer(
            "participation.hotspots", Names("投诉热点", "Hot spots of complaints"), "participation:hotspots_layer",
            VIEW, geometry="polygon", timed=True, visible=False, order=12,
        ),
    ),
    tasks=(
        PeriodicTask("participation.tasks.sweep", every=3600, names=Names("清理访问记录", "Forget addresses")),
    ),
    registers=(
        _register(
            "corrections", "公开信息异议", "Corrections", "Correction",
            columns=("number", "subject", "state", "due_at"), fields=("subject", "text"), filters=("state",),
            search=("number", "subject", "text"), prefix="GZ", workflow="correction",
            public=("subject", "state_at", "answer"), public_when=("upheld", "rejected"), order=820,
        ),
        _register(
            "releases", "新闻与典型案例", "Releases", "Release",
            columns=("number", "title_zh", "state", "published_at"),
            fields=("title_zh", "title_en", "body_zh", "body_en"), filters=("state",),
            search=("number", "title_zh", "body_zh"), prefix="FB", workflow="release",
            public=("title_zh", "published_at"), public_when=("published",), order=821,
        ),
        _register(
            "openings", "设施开放", "Open facilities", "Opening",
            columns=("number", "title_zh", "facility", "starts_at", "places", "state"),
            fields=("facility", "title_zh", "title_en", "starts_at", "places", "meeting_point"),
            filters=("state",), search=("number", "title_zh"), prefix="KF", workflow="opening", order=822,
        ),
        _register(
            "organisations", "社会组织与志愿者", "NGOs and volunteers", "Organisation",
            columns=("number", "name_zh", "kind", "members"),
            fields=("name_zh", "name_en", "kind", "registration", "members", "activities", "contact"),
            filters=("kind",), search=("name_zh", "registration"), key=("name_zh",), prefix="ZZ",
            personal=("contact",), public=("name_zh", "kind", "members", "activities"), order=823,
        ),
        _register(
            "volunteer-services", "志愿服务时长", "Hours of volunteers", "VolunteerService",
            columns=("number", "organisation", "activity", "held_date", "people", "hours"),
            fields=("organisation", "region", "activity", "held_date", "people", "hours"),
            filters=("region",), search=("organisation", "activity"), key=("organisation", "activity", "held_date"),
            prefix="ZY", order=824,
        ),
    ),
    facility_cards=(
        FacilityCard("participation:facility_card", Names("公众投诉", "Complaints"), "registry.view", order=52),
    ),
    public_pages=(
        PublicPage("participation:home", Names("首页", "Home"), "house", order=1),
        PublicPage("participation:report", Names("我要投诉", "Report a problem"), "circle-plus", order=5),
        PublicPage("participation:follow", Names("查询进度", "Follow"), "search", order=6),
        PublicPage("participation:openings", Names("设施开放", "Open facilities"), "door-open", order=60),
        PublicPage("participation:releases", Names("新闻与案例", "Releases"), "newspaper", order=62),
        PublicPage("participation:data", Names("开放数据", "Open data"), "database", order=70),
    ),
    notification_kinds=(
        NotificationKind("participation.complaint", Names("新的公众投诉", "New complaint")),
    ),
    hooks=(
        Hook("record.releases.publish", "participation.services.note_published"),
        Hook("record.corrections.uphold", "participation.services.note_answered"),
        Hook("record.corrections.reject", "participation.services.note_answered"),
        Hook("case.acted.COMPLAINT", "participation.services.note_first_answer"),
        Hook("complaint.observations", "participation.services.observations"),
    ),
)  # fmt: skip
