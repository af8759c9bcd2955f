"""The pages of every register, made from its declaration."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_http_methods

from jiangcheng.core.access.services import requires
from jiangcheng.core.manifest import Register
from jiangcheng.core.records.views import exchange, listing, row
from jiangcheng.core.records.views.facility import facility_card, facility_options

__all__ = ["doors", "facility_card", "facility_options"]


@dataclasses.dataclass(frozen=True, slots=True)
class Door:
    """An address of a register: what follows its code, the view, the end of its name."""

    address: str
    view: Callable[..., HttpResponseBase]
    name: str


def doors(declared: Register) -> list[Door]:
    """Return the addresses of a register, each locked by the permission its declaration names."""
    see, change = declared.view, declared.change
    found: list[tuple[str, Callable[..., HttpResponseBase], str, str, str]] = [
        ("", listing.rows, see, "GET", ""),
        ("layer.geojson", listing.layer, see, "GET", "-layer"),
        ("export", exchange.export, see, "GET", "-export"),
        ("new", row.new, change, "GET POST", "-new"),
        ("import", exchange.bring, change, "GET POST", "-import"),
        ("import/<int:key>/undo", exchange.undo, change, "POST", "-import-undo"),
        ("import/<int:key>/errors", exchange.errors, change, "GET", "-import-errors"),
        ("template", exchange.template, change, "GET", "-template"),
        ("<str:number>/", row.page, see, "GET", "-row"),
        ("<str:number>/edit", row.edit, change, "GET POST", "-edit"),
        ("<str:number>/act", row.act, see, "POST", "-act"),
        ("<str:number>/withdraw", row.withdraw, change, "POST", "-withdraw"),
        ("<str:number>/history", row.history, see, "GET", "-history"),
        ("<str:number>/evidence/<int:key>", row.evidence, see, "GET", "-evidence"),
    ]
    return [
        Door(address, _locked(view, declared, permission, methods.split()), name)
        for address, view, permission, methods, name in found
    ]


def _locked(
    view: Callable[..., HttpResponseBase], declared: Register, permission: str, methods: list[str]
) -> Callable[..., HttpResponseBase]:
    @require_http_methods(methods)
    @requires(permission)
    @functools.wraps(view)
    def bound(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        return view(request, declared, **arguments)

    return bound
