"""Addresses that belong to no app, and the apps."""

from django.contrib import admin
from django.urls import include, path

from casebook import offline, own_data, views

urlpatterns = [
    path("", views.home, name="home"),
    path("over/", views.about, name="about"),
    path("gezond/", views.health, name="health"),
    path("offline/", offline.page, name="offline"),
    path("offline.js", offline.worker, name="offline_worker"),
    path("mijn-gegevens/", own_data.own_data, name="own_data"),
    path("mijn-gegevens/export.json", own_data.download, name="own_data_json"),
    path("mijn-gegevens/wissen/", own_data.leave, name="own_data_leave"),
    path("mijn-gegevens/code/", own_data.mail_code, name="own_data_code"),
    path("mijn-gegevens/tot-ziens/", own_data.goodbye, name="own_data_goodbye"),
    path("", include("casebook.account_urls")),
    path("casussen/", include("cases.urls")),
    path("", include("questions.urls")),
    path("beheer/", admin.site.urls),
]

handler400 = "casebook.failures.unreadable"
handler403 = "casebook.failures.not_allowed"
handler404 = "casebook.failures.not_here"
handler429 = "casebook.failures.too_many"  # allauth looks for it here
