"""Addresses of the room `market`."""

from django.urls import path

from jiangcheng.modules.market import views

app_name = "market"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("accounts/<int:pk>", views.account, name="account"),
    path("tax", views.tax, name="tax"),
    path("tax.csv", views.tax_csv, name="tax_csv"),
    path("prices", views.prices, name="prices"),
    path("prices/publish", views.publish, name="publish"),
    path("prices/<int:version>.csv", views.prices_csv, name="prices_csv"),
    path("esg", views.esg, name="esg"),
    path("eod", views.eod, name="eod"),
    path("ask", views.ask, name="ask"),
    path("facilities/<str:code>/card", views.card, name="card"),
]
