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


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("3. drie", '<ol start="3">\n<li>drie</li>\n</ol>'),
        (
            "1. een\n\nTussenzin.\n\n2. twee",
            '<ol>\n<li>een</li>\n</ol>\n<p>Tussenzin.</p>\n<ol start="2">\n<li>twee</li>\n</ol>',
        ),
        ("1986. Het jaar waarin zij verhuist.", "<p>1986. Het jaar waarin zij verhuist.</p>"),
        ("Zij vertelt.\n\n2012) Het begin.", "<p>Zij vertelt.</p>\n<p>2012) Het begin.</p>"),
        ("- 1986. Het jaar.", "<ul>\n<li>1986. Het jaar.</li>\n</ul>"),
        ("```\n1986. Het jaar.\n```", "<pre><code>1986. Het jaar.\n</code></pre>"),
    ],
)
def test_a_numbered_list_has_its_own_first_number_and_a_year_begins_no_list(text, html):
    assert render(text).html.strip() == html
    assert plain_text(text)


def test_a_year_at_the_beginning_of_a_sentence_is_searched_and_shown_in_a_snippet():
    assert plain_text("1986. Het jaar.") == "1986. Het jaar."
