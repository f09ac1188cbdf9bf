"""What every template keeps to."""

import re

import pytest
from django.conf import settings
from django.template import Context, Template

TEMPLATES = sorted(path for path in (settings.BASE_DIR / "templates").rglob("*") if path.is_file())

# Markup that casebook/lib/icons.py makes, and nothing else.
OF_ICONS = {
    "an icon": re.compile(r'<svg\s+class="icon[^>]*>\s*<use\b'),
    "a lens": re.compile(r'class="bril '),
    "a badge": re.compile(r'<svg\s+class="badge\b'),
    "the mark of the site": re.compile(r'#merk"'),
    "a state": re.compile(r'<span\s+class="state '),
}


def offenders(finds) -> list[str]:
    """Return what `finds` says of each template, with the name of the template before it."""
    return [
        f"{path.relative_to(settings.BASE_DIR)}: {said}"
        for path in TEMPLATES
        for said in finds(path.read_text(encoding="utf-8"))
    ]


def test_there_are_templates():
    assert len(TEMPLATES) > 100


def test_icons_and_lenses_have_their_markup_in_one_place():
    def finds(text: str) -> list[str]:
        return [what for what, pattern in OF_ICONS.items() if pattern.search(text)]

    assert offenders(finds) == []


@pytest.mark.parametrize(
    ("tag", "markup"),
    [
        (
            '{% icon "klok" %}',
            '<svg class="icon" aria-hidden="true"><use href="/static/img/icons.svg#i-klok"/></svg>',
        ),
        (
            '{% desk_icon "vink" "saved__ok" %}',
            '<svg class="icon saved__ok" aria-hidden="true"><use href="/static/img/desk.svg#vink"/></svg>',
        ),
        (
            "{% lens_icon kolb %}",
            '<span class="bril bril--denker"><svg class="icon" aria-hidden="true">'
            '<use href="/static/img/icons.svg#i-denker"/></svg></span>',
        ),
        (
            "{% lens kolb label %}",
            '<span class="bril bril--denker"><svg class="icon" aria-hidden="true">'
            '<use href="/static/img/icons.svg#i-denker"/></svg>&lt;zo&gt;</span>',
        ),
        (
            "{% badge kolb %}",
            '<svg class="badge bril--denker" aria-hidden="true"><use href="/static/img/icons.svg#bril-denker"/></svg>',
        ),
        (
            '{% brand_mark "opening__book" %}',
            '<svg class="opening__book" aria-hidden="true"><use href="/static/img/icons.svg#merk"/></svg>',
        ),
        (
            '{% state_mark "gelezen" label %}',
            '<span class="state state--gelezen"><svg class="icon" aria-hidden="true">'
            '<use href="/static/img/desk.svg#gelezen"/></svg>&lt;zo&gt;</span>',
        ),
    ],
)
def test_each_tag_for_icons_makes_its_markup(tag, markup):
    assert Template("{% load icons %}" + tag).render(Context({"kolb": "denker", "label": "<zo>"})) == markup
