"""The form of a register, made from its declaration."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.access.services import received_date
from jiangcheng.core.manifest import Register
from jiangcheng.core.records import queries
from jiangcheng.core.records.models import Record
from jiangcheng.core.records.views import wording
from jiangcheng.core.registry.models import Facility, Region


def form_for(declared: Register, request: HttpRequest) -> type[forms.ModelForm[Any]]:
    """Return the form of a register for a person: only areas and facilities in their scope can be chosen."""
    scope = access.scope(request.user, declared.change, received_date(request))

    def form_field(field: models.Field[Any, Any], **arguments: Any) -> forms.Field | None:
        if isinstance(field, models.ForeignKey):
            return _chosen(field, scope, received_date(request), declared)
        if isinstance(field, models.DateTimeField):
            widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
            return field.formfield(widget=widget)
        if isinstance(field, models.DateField):
            return field.formfield(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        if isinstance(field, models.TextField):
            return field.formfield(widget=forms.Textarea(attrs={"rows": 4}))
        return field.formfield(**arguments)

    meta = type(
        "Meta",
        (),
        {
            "model": queries.model_of(declared.code),
            "fields": _written(declared),
            "formfield_callback": form_field,
        },
    )
    return type("RegisterForm", (forms.ModelForm,), {"Meta": meta})


def values_of(form: forms.ModelForm[Any]) -> dict[str, Any]:
    """Return the values of a valid form by field; what is left empty and has to be something, is the default."""
    found = {name: form.cleaned_data[name] for name in form.fields if name in form.cleaned_data}
    for name in [name for name, value in found.items() if value is None]:
        field = form._meta.model._meta.get_field(name)
        if isinstance(field, models.Field) and not field.null:
            found[name] = field.get_default()
    return found


def unchanged(record: Record, form: forms.ModelForm[Any]) -> dict[str, Any]:
    """Return the values the form has changed."""
    return {name: value for name, value in values_of(form).items() if name in form.changed_data}


def _written(declared: Register) -> tuple[str, ...]:
    own_number = ("number",) if not declared.prefix else ()
    return tuple(dict.fromkeys((*own_number, *declared.fields)))


def _chosen(
    field: models.ForeignKey[Any, Any], scope: access.Scope, on: dt.date, declared: Register
) -> forms.Field | None:
    label, required = str(field.verbose_name), not field.blank
    if field.related_model is Facility:
        widget = forms.TextInput(
            attrs={
                "list": "facility-options",
                "autocomplete": "off",
                "hx-get": reverse_lazy("records:facility_options"),
                "hx-trigger": "input changed delay:300ms",
                "hx-target": "#facility-options",
            }
        )
        allowed = Facility.objects.filter(scope.as_filter(region="region__code", facility="code"))
        return _ByCode(allowed, to_field_name="code", widget=widget, label=label, required=required,
                       help_text=_("输入名称或代码，从列表中选择"))  # fmt: skip
    if field.related_model is Region:
        regions = Region.objects.filter(scope.as_filter(region="code")).order_by("code")
        return _Named(regions, to_field_name="code", label=label, required=required)
    if field.related_model is User:
        people = access.holders(declared.change, on, region_code="", facility_code="")
        return _Named(
            User.objects.filter(pk__in=[user.pk for user in people]), label=label, required=required
        )
    return field.formfield()


class _ByCode(forms.ModelChoiceField):  # type: ignore[type-arg]
    default_error_messages = {
        "invalid_choice": gettext_lazy("没有这家企业，或不在您的管辖范围内。请从列表中选择。")
    }

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):
            return Facility.objects.filter(pk=value).values_list("code", flat=True).first()
        return super().prepare_value(value)


class _Named(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return wording.as_text(obj)
