"""The room 秸秆: fire points and incidents, ban and limit zones, planned burning, windows, the straw ledger."""

from typing import Any

from jiangcheng.core.manifest import (
    ApiRouter,
    FindingKind,
    Hook,
    Manifest,
    MapLayer,
    Names,
    Page,
    PeriodicTask,
    Permission,
    Register,
)

VIEW, MANAGE, APPROVE, SIGNALS = "straw.view", "straw.manage", "straw.approve", "straw.signals"


def _register(code: str, zh: str, en: str, model: str, **more: Any) -> Register:
    return Register(code=code, names=Names(zh, en), model=f"straw.{model}", view=VIEW, change=MANAGE, **more)


MANIFEST = Manifest(
    code="straw",
    names=Names("秸秆禁烧与处置", "Straw"),
    permissions=(
        Permission(VIEW, Names("查看秸秆禁烧与处置", "See straw burning and disposal")),
        Permission(MANAGE, Names("管理秸秆禁烧与处置", "Manage straw burning and disposal")),
        Permission("straw.work", Names("执行残茬处置计划", "Carry out residue plans")),
        Permission(APPROVE, Names("审批残茬处置计划", "Approve residue plans")),
        Permission(SIGNALS, Names("上送火点信号（设备令牌）", "Send fire signals (tokens of devices)")),
    ),
    pages=(
        Page("straw:desk", Names("秸秆火点", "Straw fires"), VIEW, "modules", "triangle-alert", order=60),
        Page("straw:window", Names("烧除窗口", "Burning window"), VIEW, "modules", "calendar-days", order=61),
        Page("straw:progress", Names("处置进度", "Disposal progress"), VIEW, "modules", "calendar-check", order=61),
        Page("straw:season", Names("秸秆季报", "Straw season"), VIEW, "modules", "gauge", order=62),
        Page("straw:ledger", Names("秸秆平衡", "Straw balance"), VIEW, "modules", "scroll-text", order=63),
        Page("straw:accounts", Names("禁烧问责台账", "Burning accounts"), VIEW, "modules", "gavel", order=64),
        Page("straw:cover", Names("秸秆覆盖度", "Residue cover"), VIEW, "modules", "satellite", order=65),
        Page("straw:scars", Names("火烧迹地", "Burnt scars"), VIEW, "modules", "satellite", order=65),
        Page("straw:watch", Names("火点监测能力", "Fire watch"), VIEW, "modules", "radar", order=66),
    ),
    finding_kinds=(
        FindingKind("straw.fire", Names("秸秆火点", "Straw fire"), case_type="STRAW", severity=3),
        FindingKind(
            "straw.plan_overdue", Names("残茬处置计划逾期", "Residue plan overdue"), case_type="DUTY", severity=2
        ),
        FindingKind(
            "straw.objection_overdue", Names("火点异议复核逾期", "Objection to a fire not reviewed in time"),
            case_type="DUTY", severity=2,
        ),
    ),
    map_layers=(
        MapLayer(
            "straw.zones", Names("禁烧区与限烧区", "Ban and limit zones"), "straw:zones_layer", VIEW,
            geometry="polygon", timed=True, visible=False, order=8,
        ),
        MapLayer(
            "straw.cameras", Names("瞭望摄像机视域", "Views of fire cameras"), "straw:cameras_layer", VIEW,
            geometry="polygon", visible=False, order=9,
        ),
        MapLayer(
            "straw.fires", Names("秸秆火点", "Straw fires"), "straw:layer", VIEW,
            geometry="point", timed=True, order=48,
        ),
    ),
    registers=(
        _register(
            "straw-plots", "秸秆地块", "Straw plots", "Plot",
            columns=("number", "village", "region", "crop", "area_mu", "stage", "sensitive"),
            fields=("village", "region", "owner", "crop", "area_mu", "stage", "sensitive", "outline",
                    "longitude", "latitude"),
            filters=("region", "crop", "stage", "sensitive"), search=("number", "village"),
            prefix="DK", personal=("owner",), geometry=True, order=880,
        ),
        _register(
            "residue-plans", "残茬处置计划", "Residue plans", "ResiduePlan",
            columns=("number", "village", "region", "crop", "area_mu", "starts_at", "ends_at", "level", "state"),
            fields=("village", "region", "crop", "area_mu", "off_field", "outline", "longitude", "latitude",
                    "starts_at", "ends_at", "crew", "equipment", "commander", "actual_mu"),
            filters=("state", "region", "crop", "level"), search=("number", "village", "commander"),
            prefix="CC", personal=("commander",), workflow="residue_plan", in_field=True, overdue="straw.plan_overdue",
            geometry=True, order=881,
        ),
        _register(
            "burn-weather", "烧除气象条件", "Burning weather", "BurnWeather",
            columns=("number", "region", "hour_at", "wind", "direction", "mixing", "aqi", "pm25", "warning"),
            fields=("region", "hour_at", "wind", "direction", "mixing", "rain", "fire_danger", "aqi", "pm25", "warning",
                    "cloud", "origin"),
            filters=("region", "warning"), search=("origin",), key=("region", "hour_at"), prefix="QX", order=882,
        ),
        _register(
            "settled-places", "人口点", "Populated places", "SettledPlace",
            columns=("number", "name", "region", "people", "as_of", "origin"),
            fields=("name", "region", "longitude", "latitude", "people", "as_of", "origin"), filters=("region",),
            search=("number", "name"), key=("region", "name"), prefix="RK", geometry=True, order=890,
        ),
        _register(
            "straw-harvests", "秸秆产生与利用", "Straw harvests and uses", "StrawHarvest",
            columns=("number", "region", "year", "crop", "grain", "sown", "returned"),
            fields=("region", "year", "crop", "grain", "sown", "returned", "fertiliser", "feed", "fuel",
                    "substrate", "material", "scattered", "sent_out", "brought_in", "ratio", "collectable", "origin"),
            filters=("region", "year", "crop"), search=("origin",), key=("region", "year", "crop"),
            prefix="JG", order=883,
        ),
        _register(
            "straw-coefficients", "秸秆系数", "Straw coefficients", "StrawCoefficient",
            columns=("number", "area", "year", "crop", "ratio", "collectable", "origin"),
            fields=("area", "year", "crop", "ratio", "collectable", "origin"), filters=("year", "crop"),
            search=("area", "origin"), key=("area", "year", "crop"), prefix="XS", order=884,
        ),
        _register(
            "straw-progress", "秸秆处置进度", "Straw disposal reports", "StrawProgress",
            columns=("number", "region", "village", "crop", "day", "area_mu", "harvested", "baled", "shredded",
                     "ploughed", "burned"),
            fields=("region", "village", "crop", "day", "area_mu", "harvested", "baled", "shredded", "ploughed",
                    "burned", "tonnes"),
            filters=("region", "crop"), search=("village",), key=("region", "village", "crop", "day"),
            prefix="JD", order=885,
        ),
        _register(
            "bale-tickets", "离田磅单", "Bale tickets", "BaleTicket",
            columns=("number", "region", "village", "crop", "weighed_at", "gross", "tare", "buyer"),
            fields=("region", "village", "crop", "weighed_at", "gross", "tare", "vehicle", "buyer", "longitude",
                    "latitude"),
            filters=("region", "crop"), search=("village", "vehicle", "buyer"), prefix="BD", order=886,
        ),
        _register(
            "duty-contracts", "五级包保责任书", "Five-level duty contracts", "DutyContract",
            columns=("number", "level", "region", "village", "holder", "upper", "starts_on", "ends_on"),
            fields=("level", "region", "village", "household", "holder", "phone", "upper", "area_mu", "starts_on",
                    "ends_on"),
            filters=("level", "region"), search=("number", "village", "holder"), prefix="BB",
            personal=("phone", "household"), order=887,
        ),
        _register(
            "fire-objections", "火点异议", "Objections to fires", "FireObjection",
            columns=("number", "fire", "region", "grounds", "state"), fields=("fire", "region", "grounds"),
            filters=("state", "region"), search=("number", "fire"), prefix="YY", workflow="fire_objection",
            overdue="straw.objection_overdue", order=888,
        ),
        _register(
            "watch-cameras", "瞭望摄像机", "Fire cameras", "WatchCamera",
            columns=("number", "name", "region", "kilometres", "steerable", "thermal", "working"),
            fields=("name", "region", "longitude", "latitude", "kilometres", "first_degrees", "last_degrees",
                    "mast_metres", "steerable", "thermal", "working"),
            filters=("region", "working", "steerable"), search=("number", "name"), prefix="SX", geometry=True,
            order=889,
        ),
    ),
    hooks=(
        Hook("fire.seen", "straw.services.hear"),
        Hook("case.acted.STRAW", "straw.services.note_result"),
        Hook("case.proposals", "straw.queries.patrols_near"),
        Hook("record.residue-plans.approve", "straw.services.check_approval"),
        Hook("record.residue-plans.start", "straw.services.check_start"),
        Hook("record.residue-plans.put_out", "straw.services.note_out"),
        Hook("record.residue-plans.confirm", "straw.services.check_out"),
        Hook("record.residue-plans.evaluate", "straw.services.evaluate_plan"),
    ),
    tasks=(
        PeriodicTask("straw.tasks.ask_firms", 600, Names("获取 FIRMS 火点", "Fetch FIRMS fire points")),
        PeriodicTask("straw.tasks.send_orders", 60, Names("通知摄像机平台转向", "Tell the camera platform")),
        PeriodicTask("straw.tasks.rescore", 900, Names("更新火点优先级", "Rank fires anew")),
        PeriodicTask("straw.tasks.learn_heat", 86400, Names("更新固定热源掩膜", "Learn standing heat")),
    ),
    api=(ApiRouter("straw.api.router", etag=False),),
)  # fmt: skip
