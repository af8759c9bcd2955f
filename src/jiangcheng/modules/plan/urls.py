"""Addresses of the room `plan`."""

from django.urls import path

from jiangcheng.modules.plan import views

app_name = "plan"
urlpatterns = [
    path("", views.targets, name="targets"),
    path("cards/targets/", views.card_targets, name="card_targets"),
    path("targets/<str:code>/", views.target, name="target"),
    path("targets/<str:code>/report", views.report, name="report"),
    path("programme/", views.programme, name="programme"),
    path("programme/<int:year>/", views.programme, name="programme_year"),
    path("programme/make", views.make_programme, name="make_programme"),
    path("leads/", views.leads, name="leads"),
    path("leads/confirm", views.confirm_leads, name="confirm_leads"),
    path("tasks/<str:code>/", views.task, name="task"),
    path("units/<str:code>/", views.unit, name="unit"),
    path("units/<str:code>/terms.csv", views.terms, name="terms"),
    path("duties/<str:number>/milestones", views.milestones, name="milestones"),
    path("duties/<str:number>/milestones/set", views.set_milestones, name="set_milestones"),
    path("matrix/", views.matrix, name="matrix"),
    path("projects/", views.projects, name="projects"),
    path("projects/load", views.load_projects, name="load_projects"),
    path("projects/<str:number>/months", views.project_months, name="project_months"),
    path("evaluations/", views.evaluations, name="evaluations"),
    path("evaluations/freeze", views.freeze, name="freeze"),
    path("evaluations/<int:key>/", views.evaluation, name="evaluation"),
    path("evaluations/<int:key>/check", views.check_evaluation, name="check_evaluation"),
    path("evaluations/<int:key>/<str:form>", views.export_evaluation, name="export_evaluation"),
    path("scores/", views.scores, name="scores"),
    path("scores/make", views.make_cards, name="make_cards"),
    path("scores/<str:number>/", views.score_card, name="score_card"),
    path("scores/<str:number>/objections/", views.object_to, name="object_to"),
    path("province/", views.province, name="province"),
    path("systems/", views.systems, name="systems"),
]
