"""The room 企业监管: one file per enterprise, permit duties, plates, colours, lists, self-service."""

from jiangcheng.core.manifest import (
    FacilityCard,
    FindingKind,
    Hook,
    LabelScheme,
    LabelValue,
    Manifest,
    Names,
    NotificationKind,
    Page,
    PeriodicTask,
    Permission,
    PublicPage,
    Register,
)

LISTED = (LabelValue("listed", Names("已列入", "Listed"), "#475569"),)
DAY = 86400
"""Seconds of a day."""

MANIFEST = Manifest(
    code="enterprises",
    names=Names("企业监管", "Enterprises"),
    permissions=(
        Permission("enterprises.view", Names("查看企业档案", "See enterprise files")),
        Permission(
            "enterprises.manage",
            Names("管理企业档案、名单与一企一码", "Keep enterprise files, lists and plates"),
        ),
        Permission("enterprises.own", Names("企业自助：自证、整改、申诉", "Self-service of an enterprise")),
    ),
    pages=(
        Page(
            "enterprises:overview",
            Names("企业监管", "Enterprises"),
            "enterprises.view",
            "modules",
            "building-2",
            order=45,
        ),
        Page("enterprises:own", Names("我的企业", "My plant"), "enterprises.own", "act", "factory", order=10),
    ),
    finding_kinds=(
        FindingKind(
            "enterprises.permit_expiring",
            Names("排污许可证即将到期", "Permit about to expire"),
            case_type="PERMIT",
            severity=2,
        ),
        FindingKind(
            "enterprises.duty_overdue",
            Names("许可义务逾期未履行", "Permit duty not met in time"),
            case_type="PERMIT",
            severity=2,
        ),
    ),
    tasks=(
        PeriodicTask(
            "enterprises.tasks.follow_duties", every=3600, names=Names("许可义务巡查", "Follow permit duties")
        ),
        PeriodicTask(
            "enterprises.tasks.evaluate_colours", every=DAY, names=Names("四色标识计算", "Compute colours")
        ),
    ),
    registers=(
        Register(
            code="supervision-lists",
            names=Names("企业清单", "Lists of enterprises"),
            model="enterprises.ListEntry",
            view="enterprises.view",
            change="enterprises.manage",
            columns=("number", "facility", "list_code", "valid_from_date", "review_date", "valid_to_date"),
            fields=("facility", "list_code", "reason", "valid_from_date", "review_date"),
            filters=("list_code", "region"),
            search=("number", "facility__name_zh", "facility__code", "reason"),
            prefix="QD",
            group="modules",
            icon="list-checks",
            order=46,
        ),
        Register(
            code="colour-appeals",
            names=Names("四色申诉", "Appeals against colours"),
            model="enterprises.ColourAppeal",
            view="enterprises.view",
            change="enterprises.manage",
            columns=("number", "facility", "colour", "state", "due_at", "created_at"),
            fields=("facility", "colour", "text"),
            filters=("state", "region"),
            search=("number", "facility__name_zh", "facility__code", "text"),
            prefix="SS",
            workflow="colour_appeal",
            group="act",
            icon="scale",
            order=70,
        ),
        Register(
            code="permit-totals",
            names=Names("许可排放总量", "Permitted totals"),
            model="enterprises.TotalChange",
            view="enterprises.view",
            change="enterprises.manage",
            columns=("number", "facility", "pollutant", "year", "change", "reference", "state"),
            fields=("facility", "pollutant", "year", "change", "reference"),
            filters=("state", "year", "pollutant"),
            search=("number", "facility__name_zh", "reference"),
            key=("facility", "pollutant", "reference"),
            prefix="ZL",
            workflow="permit_total",
            on_file=True,
            order=48,
        ),
    ),
    facility_cards=(
        FacilityCard("enterprises:permit", Names("排污许可", "Permit"), "registry.view", order=10),
        FacilityCard(
            "enterprises:duties", Names("义务与报告", "Duties and reports"), "registry.view", order=20
        ),
        FacilityCard(
            "enterprises:monitoring", Names("自行监测", "Self-monitoring"), "registry.view", order=30
        ),
        FacilityCard("enterprises:matrix", Names("守法矩阵", "Compliance matrix"), "registry.view", order=40),
        FacilityCard(
            "enterprises:colour", Names("四色与企业码", "Colour and plate"), "registry.view", order=50
        ),
        FacilityCard(
            "enterprises:lists_card", Names("名单与联系人", "Lists, people"), "registry.view", order=55
        ),
    ),
    public_pages=(
        PublicPage("enterprises:lists", Names("企业清单", "Lists of enterprises"), "list-checks", order=45),
    ),
    notification_kinds=(
        NotificationKind("enterprises.colour", Names("四色标识变化", "Colour changed"), outside=True),
    ),
    label_schemes=(
        LabelScheme(
            "colour",
            Names("四色标识", "Four colours"),
            (
                LabelValue("green", Names("绿色", "Green"), "#2e9e5b"),
                LabelValue("blue", Names("蓝色", "Blue"), "#2f6fde"),
                LabelValue("yellow", Names("黄色", "Yellow"), "#c98a00"),
                LabelValue("red", Names("红色", "Red"), "#d92d20"),
            ),
            public=True,
        ),
        LabelScheme(
            "list-positive", Names("监督执法正面清单", "Positive list of enforcement"), LISTED, public=True
        ),
        LabelScheme(
            "list-eia_exempt", Names("环评审批正面清单", "Positive list of assessment"), LISTED, public=True
        ),
        LabelScheme("list-key", Names("重点监管名单", "Key supervision list"), LISTED, public=True),
    ),
    hooks=(
        Hook("person.todo", "enterprises.queries.to_do"),
        Hook("facility.checklist", "enterprises.queries.check_list"),
        Hook("facility.search", "enterprises.queries.facilities_by_plate"),
        Hook("record.colour-appeals.uphold", "enterprises.services.appeal_upheld"),
        Hook("permit.total_changed", "enterprises.services.propose_total"),
        Hook("record.permit-totals.approve", "enterprises.services.check_total"),
    ),
)
