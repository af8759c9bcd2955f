"""The module `plan` as a Django application."""

from django.apps import AppConfig


class PlanConfig(AppConfig):
    name = "jiangcheng.modules.plan"
    label = "plan"
    verbose_name = "规划目标"
    default_auto_field = "django.db.models.BigAutoField"
