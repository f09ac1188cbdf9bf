"""The conversion of Markdown to safe HTML."""

import pytest

from cases.library.markdown import Heading, plain_text, render


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[klik](javascript:alert(1))",
        "[klik](data:text/html;base64,PHNjcmlwdD4=)",
        "![foto](https://example.org/a.png)",
        "<a href='javascript:alert(1)'>x</a>",
        "<style>*{display:none}</style>",
        "[x](https://example.org 'onmouseover=alert(1)')",
        '<div onclick="x()">a</div>',
    ],
)
def test_hostile_markup_is_removed(hostile):
    html = render(hostile).html
    for forbidden in ("<script", "<img", "<style", "<div", 'href="javascript', 'href="data', "title="):
        assert forbidden not in html


def test_headings_are_below_the_level_of_the_title_and_have_ids():
    story = render("### Een *kop*\n\ntekst\n\n### Een kop\n\n#### Lager")
    assert story.headings == (Heading("kop-een-kop", "Een kop"),) * 1 + (
        Heading("kop-een-kop-2", "Een kop"),
        Heading("kop-lager", "Lager"),
    )
    assert '<h2 id="kop-een-kop">Een <em>kop</em></h2>' in story.html
    assert '<h3 id="kop-lager">Lager</h3>' in story.html


def test_a_link_sends_no_referrer():
    assert render("[Movisie](https://www.movisie.nl)", inline=True).html == (
        '<a href="https://www.movisie.nl" rel="noopener noreferrer">Movisie</a>'
    )


def test_one_paragraph_can_be_rendered_inline():
    assert render("Een *titel*.", inline=True).html == "Een <em>titel</em>."
    assert render("Een.\n\nTwee.", inline=True).html == "<p>Een.</p>\n<p>Twee.</p>\n"


def test_plain_text_has_no_markup():
    assert (
        plain_text("### Kop\n\nEen *titel* en [een link](https://a.nl).\nDoor.") == "Kop\nEen titel en een link. Door."
    )


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_text_renders_as_empty_html(text):
    rendered = render(text)
    assert (rendered.html, rendered.headings) == ("", ())
