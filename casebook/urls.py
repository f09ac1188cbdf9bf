"""Addresses that belong to no app, and the apps."""

from django.contrib import admin
from django.urls import include, path

from casebook import offline, views
from casebook.accounts import profile_views

urlpatterns = [
    path("", views.home, name="home"),
    path("over/", views.about, name="about"),
    path("gezond/", views.health, name="health"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    path("robots.txt", views.robots, name="robots"),
    path("offline/", offline.page, name="offline"),
    path("offline.js", offline.worker, name="offline_worker"),
    path("mijn-gegevens/", profile_views.own_data, name="own_data"),
    path("mijn-gegevens/export.json", profile_views.download, name="own_data_json"),
    path("mijn-gegevens/wissen/", profile_views.leave, name="own_data_leave"),
    path("mijn-gegevens/code/", profile_views.mail_code, name="own_data_code"),
    path("mijn-gegevens/tot-ziens/", profile_views.goodbye, name="own_data_goodbye"),
    path("", include("casebook.accounts.urls")),
    path("casussen/", include("cases.urls")),
    path("", include("questions.urls")),
    path("beheer/", admin.site.urls),
]

handler400 = "casebook.error_views.unreadable"
handler403 = "casebook.error_views.not_allowed"
handler404 = "casebook.error_views.not_here"
handler429 = "casebook.error_views.too_many"  # allauth looks it up here
