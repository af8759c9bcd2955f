"""The shell of every page: its menu, its bell, and the words of its islands."""

from __future__ import annotations

import dataclasses
import functools

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.manifest import manifests
from jiangcheng.core.portal import queries

SHORT_MENU = 16
"""Entries up to which the menu needs no filter and every group starts open."""


@dataclasses.dataclass(slots=True)
class MenuEntry:
    """A page in the menu with the picture of its icon; the current one is marked."""

    title: str
    url: str
    picture: str
    current: bool = False


@dataclasses.dataclass(slots=True)
class MenuGroup:
    """A titled group of the menu; it starts open or folded."""

    code: str
    title: str
    entries: list[MenuEntry]
    unfolded: bool = True


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
                code=group.code,
                title=_group_title(group.code),
                entries=[
                    MenuEntry(page.names.in_language(language), _address(page.url_name), _picture(page.icon))
                    for page in group.pages
                ],
            )
            for group in queries.menu(permissions=permissions_of(self._request))
        ]
        entries = [entry for group in groups for entry in group.entries]
        _mark_current(entries, self._request.path)
        if len(entries) > SHORT_MENU:
            for group in groups:
                group.unfolded = group.code != "modules" or any(entry.current for entry in group.entries)
        return groups

    @functools.cached_property
    def long_menu(self) -> bool:
        """Tell whether the menu is long enough to want a filter."""
        return sum(len(group.entries) for group in self.menu) > SHORT_MENU

    @functools.cached_property
    def public_menu(self) -> list[MenuEntry]:
        """The pages anybody may open."""
        language = get_language() or ""
        entries = [
            MenuEntry(page.names.in_language(language), _address(page.url_name), _picture(page.icon))
            for page in manifests.public_pages()
        ]
        _mark_current(entries, self._request.path)
        return entries

    @functools.cached_property
    def unread(self) -> int:
        """How many messages the person has not read."""
        user = self._request.user
        return queries.unread_count(user=user) if isinstance(user, User) else 0

    @functools.cached_property
    def texts(self) -> dict[str, str]:
        """The words the islands show."""
        return _texts()


# Every page shows a hundred entries: an icon is rendered, and an address looked up, once in a process.
@functools.cache
def _picture(icon: str) -> str:
    return render_to_string("portal/_icon.html", {"name": icon})


@functools.cache
def _address(url_name: str) -> str:
    return reverse(url_name)


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Give every template the shell (context processor)."""
    return {"shell": Shell(request)}


def permissions_of(request: HttpRequest) -> frozenset[str]:
    """Return every permission the person behind a request has somewhere today."""
    return access_queries.permissions_of(request.user, access.received_date(request))


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
        "inView": _("只列当前视野内的要素"),
        "noWebgl": _("这个浏览器不能显示地图（没有 WebGL2）。下面按图层列出全部要素。"),
        "typePlace": _("这个浏览器不能显示地图（没有 WebGL2）。请直接填写经纬度。"),
        "ownPlace": _("用我现在的位置"),
        "noPlace": _("没有取到位置，请在地图上点选"),
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
        "chartKeys": _("图表：左右方向键移动光标，Home 与 End 到两端，Esc 收起"),
        "serverError": _("服务器没有完成这次请求，请重试。"),
    }
