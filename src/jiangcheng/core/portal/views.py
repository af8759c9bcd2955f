"""The shell of every page, the home page, the one map, the live stream, and what operators watch."""

from __future__ import annotations

import dataclasses
import functools
import ipaddress

from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access import services as access
from jiangcheng.core.portal import queries, services
from jiangcheng.core.portal.services import stream

LONGEST_ID = 18
"""Digits of an event's id that fits into 64 bits."""

TOO_MANY_STREAMS = 6
"""Open streams of one person. Browsers keep six connections to a host under HTTP/1.1."""

PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Via")

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclasses.dataclass(slots=True)
class MenuEntry:
    """A page in the menu; the current one is marked."""

    title: str
    url: str
    icon: str
    current: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class MenuGroup:
    """A titled group of the menu."""

    title: str
    entries: list[MenuEntry]


class Shell:
    """What the templates of the shell show; computed only when a template asks."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @functools.cached_property
    def wall(self) -> bool:
        """Tell whether the page is shown on the dark wall of a duty room (``?wall=1``)."""
        return self._request.GET.get("wall") == "1"

    @functools.cached_property
    def menu(self) -> list[MenuGroup]:
        """The groups of the menu with the pages the person may open."""
        language = get_language() or ""
        groups = [
            MenuGroup(
                title=_group_title(group.code),
                entries=[
                    MenuEntry(page.names.in_language(language), reverse(page.url_name), page.icon)
                    for page in group.pages
                ],
            )
            for group in queries.menu(permissions=_permissions(self._request))
        ]
        _mark_current([entry for group in groups for entry in group.entries], self._request.path)
        return groups

    @functools.cached_property
    def texts(self) -> dict[str, str]:
        """The words the islands show."""
        return _texts()


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Give every template the shell (context processor)."""
    return {"shell": Shell(request)}


@require_GET
@access.requires("portal.view")
def home(request: HttpRequest) -> HttpResponse:
    """The state of the city on one page; its cards come from the manifests."""
    permissions = _permissions(request)
    slots = {
        slot: [reverse(card.url_name) for card in queries.home_cards(slot=slot, permissions=permissions)]
        for slot in ("targets", "centre", "side", "below")
    }
    return render(request, "portal/home.html", slots)


@require_GET
@access.requires("portal.view")
def one_map(request: HttpRequest) -> HttpResponse:
    """Everything that has a place, on one map."""
    return render(request, "portal/map.html")


@require_GET
@access.requires("portal.view")
def map_layers(request: HttpRequest) -> JsonResponse:
    """The layers of the map the person may see, in drawing order."""
    language = get_language() or ""
    layers = [
        {
            "code": layer.code,
            "name": layer.names.in_language(language),
            "url": reverse(layer.url_name),
            "geometry": layer.geometry,
            "timed": layer.timed,
            "visible": layer.visible,
            "order": layer.order,
        }
        for layer in queries.map_layers(permissions=_permissions(request))
    ]
    return JsonResponse({"layers": layers})


@require_GET
@access.requires("portal.view")
async def live(request: HttpRequest) -> HttpResponseBase:
    """What just happened, as server-sent events; ``Last-Event-ID`` goes on where a reader stopped."""
    user = await request.auser()
    if stream.open_streams(user.pk or 0) >= TOO_MANY_STREAMS:
        return HttpResponse(_("打开的页面太多，请关闭几个再看实时动态。"), status=429)
    last = request.headers.get("Last-Event-ID", "")
    body = stream.follow(
        user=user,
        on=access.received_date(request),
        language=get_language() or "",
        after=int(last) if last.isascii() and last.isdigit() and len(last) <= LONGEST_ID else None,
    )
    return StreamingHttpResponse(
        body,
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@require_GET
@access.public
def health(request: HttpRequest) -> JsonResponse:
    """Tell a load balancer whether this process can answer: 200, or 503 when the database does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "database unreachable"}, status=503)
    return JsonResponse({"status": "ok"})


@require_GET
@access.public
def metrics(request: HttpRequest) -> HttpResponse:
    """Numbers for Prometheus: to this machine without log-in, to others with ``portal.metrics``."""
    if not _from_this_machine(request) and "portal.metrics" not in _permissions(request):
        return HttpResponseForbidden()
    return HttpResponse("".join(f"{line}\n" for line in services.metrics.lines()), content_type=METRICS_TYPE)


def _permissions(request: HttpRequest) -> frozenset[str]:
    return access_queries.permissions_of(request.user, access.received_date(request))


def _from_this_machine(request: HttpRequest) -> bool:
    # Behind a proxy every request comes from a loopback address; a header of the proxy gives it away.
    if any(name in request.headers for name in PROXY_HEADERS):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _group_title(code: str) -> str:
    return {
        "overview": _("总览"),
        "sense": _("感知"),
        "judge": _("研判"),
        "act": _("处置"),
        "account": _("核算"),
        "modules": _("业务模块"),
        "system": _("系统"),
    }[code]


def _mark_current(entries: list[MenuEntry], path: str) -> None:
    """Mark the entry whose address is the longest beginning of the path; the root only for itself."""
    fitting = [
        entry for entry in entries if path == entry.url or (entry.url != "/" and path.startswith(entry.url))
    ]
    if fitting:
        max(fitting, key=lambda entry: len(entry.url)).current = True


def _texts() -> dict[str, str]:
    return {
        "loading": _("正在载入…"),
        "failed": _("没有取到数据。"),
        "retry": _("重试"),
        "empty": _("这段时间没有数据。"),
        "table": _("看数据表"),
        "chart": _("看图"),
        "copy": _("复制"),
        "copied": _("已复制"),
        "layers": _("图层"),
        "list": _("要素列表"),
        "noWebgl": _("这个浏览器不能显示地图（没有 WebGL2）。下面按图层列出全部要素。"),
        "noFeatures": _("没有要素"),
        "open": _("打开记录"),
        "close": _("关闭"),
        "now": _("当前"),
        "play": _("播放"),
        "pause": _("暂停"),
        "time": _("时间"),
        "hoursAgo": _("{n} 小时前"),
        "minutesAgo": _("{n} 分钟前"),
        "justNow": _("刚刚"),
        "more": _("还有 {n} 个"),
        "schematic": _("界线为示意，不作法定依据"),
        "aqi": _("空气质量指数"),
        "aqi1": _("优"),
        "aqi2": _("良"),
        "aqi3": _("轻度"),
        "aqi4": _("中度"),
        "aqi5": _("重度"),
        "aqi6": _("严重"),
        "water": _("水质类别"),
        "w6": _("劣Ⅴ"),
        "map": _("地图"),
        "zoomIn": _("放大"),
        "zoomOut": _("缩小"),
        "liveOpen": _("实时"),
        "liveLost": _("连接中断，正在重连"),
        "liveEmpty": _("最近没有新的动态。"),
        "notice": _("提示"),
        "ordinary": _("一般"),
        "grave": _("较重"),
        "urgent": _("紧急"),
        "serverError": _("服务器没有完成这次请求，请重试。"),
    }
