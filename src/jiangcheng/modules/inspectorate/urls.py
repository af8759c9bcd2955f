"""Addresses of the room `inspectorate`."""

from django.urls import path

from jiangcheng.modules.inspectorate import views

app_name = "inspectorate"
urlpatterns = [
    path("", views.board, name="board"),
    path("problems/<str:number>/card", views.problem_card, name="problem_card"),
    path("notice", views.notice, name="notice"),
    path("notice/compute", views.compute, name="compute"),
    path("published", views.published, name="published"),
]
