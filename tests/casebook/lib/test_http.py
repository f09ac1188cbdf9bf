"""The helpers for requests and responses that several apps use."""

import pytest
from django.test import RequestFactory

from casebook.lib import http

SCRIPT, HTMX = {"X-Requested-With": "XMLHttpRequest"}, {"HX-Request": "true"}


@pytest.mark.parametrize(
    ("headers", "is_script", "wants_status"), [(SCRIPT, True, True), (HTMX, False, True), ({}, False, False)]
)
def test_requests_of_our_scripts_and_of_htmx_are_recognised(headers, is_script, wants_status):
    request = RequestFactory().get("/", headers=headers)
    assert (http.is_script(request), http.wants_status(request)) == (is_script, wants_status)


@pytest.mark.parametrize("path", ["/modules/", "/modules/3/?klas=a#antwoord-4"])
def test_a_redirect_goes_back_to_a_path_of_this_site(path):
    request = RequestFactory().post("/", {"terug": path})
    assert http.redirect_back(request, "/otherwise/").url == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "https://elders.example/",
        "//elders.example/",
        "/\\elders.example",
        "elders.example",
        "questions:answers",
        "javascript:alert(1)",
    ],
)
def test_a_redirect_never_goes_to_another_address(path):
    request = RequestFactory().post("/", {"terug": path})
    assert http.redirect_back(request, "/otherwise/").url == "/otherwise/"


def test_a_redirect_without_a_path_goes_to_the_fallback_of_the_view():
    assert http.redirect_back(RequestFactory().post("/"), "/otherwise/").url == "/otherwise/"


def test_a_download_has_its_file_name_and_is_not_cached():
    response = http.download(b"abc", name="mijn-antwoorden.json", content_type="application/json")
    assert (response.content, response["Content-Type"]) == (b"abc", "application/json")
    assert response["Content-Disposition"] == 'attachment; filename="mijn-antwoorden.json"'
    assert response["Cache-Control"] == "private, no-store"


def test_an_invalid_address_has_empty_parts():
    assert http.read_address("http://[x") == http.read_address("")
