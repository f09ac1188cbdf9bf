"""Tests of {% fixed_part %}, which renders a part of a page once in a process."""

import pytest
from django.template import Context, Template
from django.template.backends.django import Template as BackendTemplate
from django.utils import translation

from casebook.templatetags.fixed_parts import forget


@pytest.fixture
def rendered(monkeypatch) -> list[str]:
    """Return the list of the languages in which a template was rendered."""
    languages, render = [], BackendTemplate.render

    def count(self, *args, **kwargs):
        languages.append(translation.get_language())
        return render(self, *args, **kwargs)

    monkeypatch.setattr(BackendTemplate, "render", count)
    return languages


def page(**context) -> str:
    return Template('{% load fixed_parts %}{% fixed_part "_signed_in.html" %}').render(Context(context))


def test_part_is_rendered_once_for_all_pages(rendered):
    assert page() == page(request="of another user")
    assert 'id="iemand-anders"' in page()
    assert rendered == ["nl"]


def test_part_is_rendered_once_in_each_language(rendered):
    page()
    with translation.override("en"):
        page()
        page()
    assert rendered == ["nl", "en"]


def test_part_is_rendered_again_once_it_is_forgotten(rendered):
    page()
    forget()
    page()
    assert rendered == ["nl", "nl"]
