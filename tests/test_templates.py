"""What every template keeps to."""

import re
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.template import Context, Template
from django.urls import resolve

from casebook.lib.text_diff import Run

TEMPLATES = sorted(path for path in (settings.BASE_DIR / "templates").rglob("*") if path.is_file())

MAX_LENGTH, MAX_DEPTH, MAX_CONDITIONS = 160, 2, 400
IF = re.compile(r"{% (if|endif)\b")

TEXTS = "conflict__text|versions__text|reply__text--then|unsent__text|offline__text"
PRE_WRAP = re.compile(rf'class="[^"]*({TEXTS})"[^>]*>\s')

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


def test_no_line_is_longer_than_160_characters():
    """Lines of a mail are sent as they are, so that those cannot be broken."""

    def finds(text: str) -> list[str]:
        lines = enumerate(text.splitlines(), start=1)
        return [f"line {number} has {len(line)} characters" for number, line in lines if len(line) > MAX_LENGTH]

    assert [said for said in offenders(finds) if "/email/" not in said] == []


def test_no_condition_is_nested_over_two_deep():
    def finds(text: str) -> list[str]:
        deep, depth = [], 0
        for tag in IF.finditer(text):
            depth += 1 if tag[1] == "if" else -1
            if depth > MAX_DEPTH and tag[1] == "if":
                deep.append(f"line {text.count(chr(10), 0, tag.start()) + 1} has a condition in {depth - 1} others")
        return deep

    assert offenders(finds) == []


def test_templates_have_at_most_400_conditions_in_all():
    """A new one where there is no room: prepare the decision in Python, or give the state a template of its own."""
    counts = [len(re.findall(r"{%-? *if\b", path.read_text(encoding="utf-8"))) for path in TEMPLATES]
    assert sum(counts) <= MAX_CONDITIONS


def test_a_text_with_its_own_white_space_gets_no_more_of_it():
    """The style sheets show these as they are (white-space: pre-wrap)."""

    def finds(text: str) -> list[str]:
        return [f"white space at the start of {found[1]}" for found in PRE_WRAP.finditer(text)]

    assert offenders(finds) == []


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


def test_crumbs_are_links_with_a_stroke_between_them():
    made = Template('{% load links %}{% crumbs "/a/" "A" "/b/" title %}').render(Context({"title": "B <b>"}))
    assert made == (
        '<p class="row small crumbs"><a href="/a/">A</a>'
        '<span aria-hidden="true">/</span><a href="/b/">B &lt;b&gt;</a></p>'
    )


@pytest.mark.parametrize(
    ("path", "app_name", "attribute"),
    [
        ("/casussen/", "", ' aria-current="page"'),
        ("/casussen/lof/", "cases", ' aria-current="true"'),
        ("/casussen/lof/", "", ""),
        ("/modules/", "cases", ""),
        ("/nergens/", "cases", ""),
    ],
)
def test_a_link_says_that_it_is_of_this_page_or_its_app(rf, path, app_name, attribute):
    request = rf.get(path)
    request.resolver_match = None if path == "/nergens/" else resolve(path)
    template = Template('{% load links %}{% aria_current "/casussen/" app_name %}')
    assert template.render(Context({"request": request, "app_name": app_name})) == attribute


def test_a_page_without_a_request_has_no_current_link():
    assert Template('{% load links %}{% aria_current "/casussen/" %}').render(Context()) == ""


def test_hidden_fields_are_in_the_order_that_they_are_named_in():
    template = Template("{% load hidden_fields %}{% hidden_fields user=3 terug=back %}")
    assert template.render(Context({"back": '/?q="a"'})) == (
        '<input type="hidden" name="user" value="3"><input type="hidden" name="terug" value="/?q=&quot;a&quot;">'
    )


@pytest.mark.parametrize(
    ("run", "markup"),
    [
        (Run("same", "a & b"), "a &amp; b"),
        (Run("gone", "a & b"), "<del>a &amp; b</del>"),
        (Run("new", "a & b"), "<ins>a &amp; b</ins>"),
        (
            Run("cut", "…"),
            '<span class="difference__cut">…<span class="sr visually-hidden"> hier is niets veranderd </span></span>',
        ),
    ],
)
def test_each_piece_of_a_compared_text_is_marked(run, markup):
    assert Template("{% load text_diff %}{% marked run %}").render(Context({"run": run})) == markup


@pytest.mark.parametrize(
    ("text", "css_class", "markup"),
    [("", "late", ""), ("a & b", "", "<span>a &amp; b</span>"), ("a", "late", '<span class="late">a</span>')],
)
def test_a_fact_is_shown_where_there_is_one(text, css_class, markup):
    context = Context({"text": text, "css_class": css_class})
    assert Template("{% load facts %}{% fact text css_class %}").render(context) == markup


@pytest.mark.parametrize(
    ("tag", "attribute"),
    [
        ('{% selected "SW1A" chosen %}', " selected"),
        ('{% selected "SW1B" chosen %}', ""),
        ('{% checked "SW1A" chosen %}', " checked"),
        ('{% checked "SW1B" chosen %}', ""),
        ('{% pressed "SW1A" chosen %}', ' aria-pressed="true"'),
        ('{% pressed "" chosen %}', ""),
        ('{% current "SW1A" chosen %}', ' aria-current="true"'),
        ('{% current "SW1A" chosen "page" %}', ' aria-current="page"'),
        ('{% current "SW1B" chosen "page" %}', ""),
        ("{% selected 1 nothing.such %}", ""),
    ],
)
def test_only_the_choice_that_was_made_has_the_attribute(tag, attribute):
    assert Template("{% load attributes %}" + tag).render(Context({"chosen": "SW1A"})) == attribute


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        ("q=text", "?q=caf%C3%A9%20%26/of"),
        ("q=text n=3", "?q=caf%C3%A9%20%26/of&amp;n=3"),
        ('q=""', ""),
        ("q=nothing.such", ""),
    ],
)
def test_a_query_has_the_parameters_with_a_value(parameters, query):
    template = Template("{% load links %}{% query " + parameters + " %}")
    assert template.render(Context({"text": "café &/of"})) == query


def test_a_hidden_field_without_a_value_is_left_out():
    template = Template('{% load hidden_fields %}{% field_if_set "next" next %}{% field_if_set "vraag" nothing.such %}')
    assert template.render(Context({"next": "/?a&b"})) == '<input type="hidden" name="next" value="/?a&amp;b">'


@pytest.mark.parametrize(
    ("text", "markup"),
    [("", ""), ("a & b\n\nc", '<div class="lead"><p>a &amp; b</p>\n\n<p>c</p></div>')],
)
def test_paragraphs_are_shown_where_there_is_text(text, markup):
    assert Template('{% load facts %}{% paragraphs text "lead" %}').render(Context({"text": text})) == markup


@pytest.mark.parametrize(
    ("tag", "assignment", "markup"),
    [
        ("closed_note", {"closed_at": 1}, '<span class="late">gesloten</span>'),
        ("closed_note", {"closed_at": None}, ""),
        ("sharing_note", {"share": True}, "<span>antwoorden worden gedeeld</span>"),
        ("sharing_note", {"share": False}, ""),
    ],
)
def test_a_note_is_shown_where_it_holds(tag, assignment, markup):
    template = Template("{% load dates %}{% " + tag + " assignment %}")
    assert template.render(Context({"assignment": SimpleNamespace(**assignment)})) == markup


@pytest.mark.parametrize(
    ("path", "address", "text"),
    [
        ("/beheer/cases/case/", "/beheer/cases/", " current"),
        ("/beheer/", "/beheer/cases/", ""),
        ("/beheer/", None, ""),
        ("/casussen/caf%C3%A9/", "/casussen/caf%C3%A9/", " current"),
    ],
)
def test_a_link_says_that_the_page_is_within_its_address(rf, path, address, text):
    template = Template('{% load links %}{% within address " current" %}')
    assert template.render(Context({"request": rf.get(path), "address": address})) == text


def test_items_of_a_list_have_a_comma_between_them_and_a_word_before_the_last():
    template = Template(
        '{% load lists %}{% for each in names %}{{ each }}{% separator forloop.revcounter " en " %}{% endfor %}'
    )
    made = [template.render(Context({"names": names})) for names in ("", "a", "ab", "abc", "abcd")]
    assert made == ["", "a", "a en b", "a, b en c", "a, b, c en d"]


@pytest.mark.parametrize(("address", "markup"), [("/a/?b&c", '<a href="/a/?b&amp;c">&lt;i&gt;</a>'), ("", "&lt;i&gt;")])
def test_a_text_without_an_address_is_no_link(address, markup):
    template = Template("{% load links %}{% link_if address text %}")
    assert template.render(Context({"address": address, "text": "<i>"})) == markup
