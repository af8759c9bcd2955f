"""The room 秸秆: fire points and incidents, ban and limit zones, planned burning, windows, the straw ledger."""

from typing import Any

from jiangcheng.core.manifest import (
    FindingKind,
    Hook,
    Manifest,
    MapLayer,
    Names,
    Page,
    Permission,
    Register,
)

VIEW, MANAGE, APPROVE = "straw.view", "straw.manage", "straw.approve"


def _register(code: str, zh: str, en: str, model: str, **more: Any) -> Register:
    return Register(code=code, names=Names(zh, en), model=f"straw.{model}", view=VIEW, change=MANAGE, **more)


MANIFEST = Manifest(
    code="straw",
    names=Names("秸秆禁烧与处置", "Straw"),
    permissions=(
        Permission(VIEW, Names("查看秸秆禁烧与处置", "See straw burning and disposal")),
        Permission(MANAGE, Names("管理秸秆禁烧与处置", "Manage straw burning and disposal")),
        Permission(APPROVE, Names("审批残茬处置计划", "Approve residue plans")),
    ),
    pages=(
        Page("straw:desk", Names("秸秆火点", "Straw fires"), VIEW, "modules", "triangle-alert", order=60),
        Page("straw:window", Names("烧除窗口", "Burning window"), VIEW, "modules", "calendar-days", order=61),
        Page("straw:season", Names("秸秆季报", "Straw season"), VIEW, "modules", "gauge", order=62),
        Page("straw:ledger", Names("秸秆平衡", "Straw balance"), VIEW, "modules", "scroll-text", order=63),
    ),
    finding_kinds=(
        FindingKind("straw.fire", Names("秸秆火点", "Straw fire"), case_type="STRAW", severity=3),
        FindingKind(
            "straw.plan_overdue", Names("残茬处置计划逾期", "Residue plan overdue"), case_type="DUTY", severity=2
        ),
    ),
    map_layers=(
        MapLayer(
            "straw.zones", Names("禁烧区与限烧区", "Ban and limit zones"), "straw:zones_layer", VIEW,
            geometry="polygon", timed=True, visible=False, order=8,
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
            prefix="CC", personal=("commander",), workflow="residue_plan", overdue="straw.plan_overdue",
            geometry=True, order=881,
        ),
        _register(
            "burn-weather", "烧除气象条件", "Burning weather", "BurnWeather",
            columns=("number", "region", "hour_at", "wind", "mixing", "aqi", "pm25", "warning"),
            fields=("region", "hour_at", "wind", "mixing", "rain", "fire_danger", "aqi", "pm25", "warning",
                    "cloud", "origin"),
            filters=("region", "warning"), search=("origin",), key=("region", "hour_at"), prefix="QX", order=882,
        ),
        _register(
            "straw-harvests", "秸秆产生与利用", "Straw harvests and uses", "StrawHarvest",
            columns=("number", "region", "year", "crop", "grain", "sown", "returned"),
            fields=("region", "year", "crop", "grain", "sown", "returned", "fertiliser", "feed", "fuel",
                    "substrate", "material", "scattered", "sent_out", "brought_in", "ratio", "collectable", "origin"),
            filters=("region", "year", "crop"), search=("origin",), key=("region", "year", "crop"),
            prefix="JG", order=883,
        ),
    ),
    hooks=(
        Hook("fire.seen", "straw.services.hear"),
        Hook("record.residue-plans.approve", "straw.services.check_approval"),
        Hook("record.residue-plans.start", "straw.services.check_start"),
        Hook("record.residue-plans.put_out", "straw.services.note_out"),
        Hook("record.residue-plans.evaluate", "straw.services.evaluate_plan"),
    ),
)  # fmt: skip
