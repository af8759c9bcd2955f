"""Files in and out of a register."""

from __future__ import annotations

import csv
import io

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.files.base import ContentFile, File
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jiangcheng.core.access.services import person, received_at
from jiangcheng.core.manifest import Register
from jiangcheng.core.records import queries, rules, services
from jiangcheng.core.records.models import ImportRun, ImportTrial
from jiangcheng.core.records.views import listing, wording

MOST_SHOWN = 500
LONGEST_KEY = 18
MOST_EXPORTED = 100_000
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "geojson": "application/geo+json",
    "parquet": "application/vnd.apache.parquet",
}
CODES = ("column", "name", "needed", "code", "meaning")
REFUSALS = {
    "too_large": gettext_lazy("文件超过 10 MB。请分成几个文件导入。"),
    "too_many": gettext_lazy("超过五万行。请分成几个文件导入。"),
    "unreadable": gettext_lazy("文件打不开。请用模板另存为 CSV（UTF-8 或 GB18030）或 XLSX。"),
    "columns": gettext_lazy("列名与模板不一致："),
}


def export(request: HttpRequest, declared: Register) -> HttpResponseBase:
    """Return the rows of the list, narrowed as on the page, as a file."""
    form = request.GET.get("format", "csv")
    if form not in services.FORMATS:
        raise BadRequest("format")
    found, _filters = listing.narrowed(request, declared)
    records = list(found[:MOST_EXPORTED])
    masked = listing.masked_fields(request, declared)
    content = services.export(declared=declared, records=records, form=form, masked=masked)
    services.note_export(
        register=declared.code,
        form=form,
        rows=len(records),
        asked=request.GET.urlencode(),
        masked=set(declared.personal) <= masked,
        actor=person(request),
        at=received_at(request),
    )
    response = HttpResponse(content, content_type=TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="{declared.code}.{form}"'
    return response


def template(request: HttpRequest, declared: Register) -> HttpResponseBase:
    """Return the empty table an import reads; the columns with an asterisk tell rows apart."""
    dataset = services.template(declared)
    if request.GET.get("format") == "csv":
        content = b"\xef\xbb\xbf" + dataset.export("csv").encode()
        form = "csv"
    else:
        table = [dataset.headers, *dataset]
        content, form = (
            services.as_xlsx(declared.code, table, codes=[CODES, *services.codes(declared)]),
            "xlsx",
        )
    response = HttpResponse(content, content_type=TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="{declared.code}-template.{form}"'
    return response


def bring(request: HttpRequest, declared: Register) -> HttpResponseBase:
    """Try a file, and import it as it was tried."""
    if not queries.by_hand(declared):
        raise Http404(declared.code)
    result, trial, refused = None, None, ""
    if request.method == "POST":
        really = request.POST.get("really") == "on"
        file = request.FILES.get("file") or _tried(request, declared)
        if file is None:
            refused = _("请选择文件；试导入的文件保留一天，过期后请重新上传。")
        else:
            name, actor, at = file.name or "", person(request), received_at(request)
            try:
                result = services.import_file(
                    register=declared.code, file=file, name=name, actor=actor, at=at, dry_run=not really
                )
                if not really:
                    trial = services.keep_trial(
                        register=declared.code, file=file, name=name, actor=actor, at=at
                    )
            except services.FileRefused as error:
                refused = f"{REFUSALS[error.code]} {error.detail}"
    context = {
        "register": declared,
        "name": wording.name_of(declared),
        "result": result,
        "trial": trial,
        "shown": result.rows[:MOST_SHOWN] if result else (),
        "counts": [
            (outcome, result.count(outcome)) for outcome in ("added", "changed", "unchanged", "refused")
        ]
        if result
        else (),
        "refused": refused,
        "runs": ImportRun.objects.filter(register=declared.code).select_related("actor").order_by("-pk")[:20],
    }
    return render(request, "records/import.html", context, status=422 if refused else 200)


def _tried(request: HttpRequest, declared: Register) -> File[bytes] | None:
    """Return the file this person tried, by the key in the form; None where it is gone or another's."""
    key = request.POST.get("trial", "")
    if not key.isdigit() or len(key) > LONGEST_KEY:
        return None
    kept = ImportTrial.objects.filter(pk=int(key), register=declared.code, actor=person(request)).first()
    return ContentFile(bytes(kept.content), name=kept.file_name) if kept else None


def undo(request: HttpRequest, declared: Register, key: int) -> HttpResponseBase:
    """Take an import back."""
    run = get_object_or_404(ImportRun, pk=key, register=declared.code)
    try:
        count = services.undo_import(run=run, actor=person(request), at=received_at(request))
    except services.NotUndone as error:
        numbers = "、".join(error.numbers[:10])
        text = (
            _("没有撤销：下列记录在导入后已被修改或办理：%(numbers)s")
            if numbers
            else _("这次导入已经撤销过。")
        )
        messages.error(request, text % {"numbers": numbers} if numbers else text)
    else:
        messages.success(request, _("已撤销导入，涉及 %(n)d 条记录。") % {"n": count})
    return redirect(f"records:{declared.code}-import")


def errors(request: HttpRequest, declared: Register, key: int) -> HttpResponseBase:
    """Return the refused rows of an import as CSV."""
    run = get_object_or_404(ImportRun, pk=key, register=declared.code)
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(["line", "key", "column", "rule"])
    for row in run.errors:
        writer.writerow([row["line"], *(rules.safe_cell(row[name]) for name in ("key", "column", "rule"))])
    response = HttpResponse(b"\xef\xbb\xbf" + written.getvalue().encode(), content_type=TYPES["csv"])
    response["Content-Disposition"] = f'attachment; filename="{declared.code}-{run.pk}-rejects.csv"'
    return response
