"""Addresses of the room `enterprises`."""

from django.urls import path

from jiangcheng.modules.enterprises import views

app_name = "enterprises"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("own", views.own, name="own"),
    path("own/duties/<int:pk>/submit", views.submit_duty, name="submit_duty"),
    path("own/<str:code>/statement", views.make_statement, name="statement"),
    path("own/<str:code>/appeal", views.appeal, name="appeal"),
    path("permits/import", views.import_permit, name="import_permit"),
    path("duties/<int:pk>/accept", views.accept_duty, name="accept_duty"),
    path("facilities/<str:code>/permit", views.permit_card, name="permit"),
    path("facilities/<str:code>/duties", views.duties_card, name="duties"),
    path("facilities/<str:code>/monitoring", views.monitoring_card, name="monitoring"),
    path("facilities/<str:code>/matrix", views.matrix_card, name="matrix"),
    path("facilities/<str:code>/matrix.csv", views.matrix_csv, name="matrix_csv"),
    path("facilities/<str:code>/colour", views.colour_card, name="colour"),
    path("facilities/<str:code>/colour/propose", views.propose_colour, name="propose_colour"),
    path("facilities/<str:code>/colour/<int:pk>/confirm", views.confirm_colour, name="confirm_colour"),
    path("facilities/<str:code>/lists", views.lists_card, name="lists_card"),
    path("facilities/<str:code>/lists/enter", views.enter_list, name="enter_list"),
    path("facilities/<str:code>/lists/<str:number>/leave", views.leave_list, name="leave_list"),
    path("facilities/<str:code>/checklist", views.check_list, name="checklist"),
    path("facilities/<str:code>/checklist.json", views.check_list_json, name="checklist_json"),
    path("facilities/<str:code>/plates/issue", views.issue_plate, name="issue_plate"),
    path("facilities/<str:code>/plates/<int:serial>", views.plate_print, name="plate_print"),
    path("facilities/<str:code>/plates/<int:serial>.svg", views.plate_svg, name="plate_svg"),
    path("facilities/<str:code>/plates/<int:serial>.png", views.plate_png, name="plate_png"),
    path("facilities/<str:code>/plates/<int:serial>/revoke", views.revoke_plate, name="revoke_plate"),
    path("p/<str:token>", views.plate, name="plate"),
    path("plates/<str:token>.json", views.plate_json, name="plate_json"),
    path("plate-key.json", views.plate_keys, name="plate_keys"),
    path("plate-revocations.json", views.revocations, name="plate_revocations"),
    path("lists", views.lists, name="lists"),
]
