"""Rules that every template follows, and the template tags."""

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

# Markup that only casebook/lib/icons.py renders.
ICON_MARKUP = {
    "an icon": re.compile(r'<svg\s+class="icon[^>]*>\s*<use\b'),
    "a lens": re.compile(r'class="bril '),
    "a badge": re.compile(r'<svg\s+class="badge\b'),
    "the mark of the site": re.compile(r'#merk"'),
    "a state": re.compile(r'<span\s+class="state '),
}


def problems_of_templates(find_problems) -> list[str]:
    """Return the problems that a function finds in the text of each template, with the name of the template."""
    return [
        f"{path.relative_to(settings.BASE_DIR)}: {problem}"
        for path in TEMPLATES
        for problem in find_problems(path.read_text(encoding="utf-8"))
    ]


def test_templates_are_found():
    assert len(TEMPLATES) > 100


def test_lines_have_at_most_160_characters():
    """Lines of a mail are sent unchanged, so those templates may have longer ones."""

    def find_problems(text: str) -> list[str]:
        lines = enumerate(text.splitlines(), start=1)
        return [f"line {number} has {len(line)} characters" for number, line in lines if len(line) > MAX_LENGTH]

    assert [problem for problem in problems_of_templates(find_problems) if "/email/" not in problem] == []


def test_conditions_are_nested_at_most_two_deep():
    def find_problems(text: str) -> list[str]:
        problems, depth = [], 0
        for tag in IF.finditer(text):
            depth += 1 if tag[1] == "if" else -1
            if depth > MAX_DEPTH and tag[1] == "if":
                problems.append(f"line {text.count(chr(10), 0, tag.start()) + 1} has a condition in {depth - 1} others")
        return problems

    assert problems_of_templates(find_problems) == []


def test_templates_have_at_most_400_conditions_in_total():
    """To stay below the limit, prepare the decision in Python, or move the state to a separate template."""
    counts = [len(re.findall(r"{%-? *if\b", path.read_text(encoding="utf-8"))) for path in TEMPLATES]
    assert sum(counts) <= MAX_CONDITIONS


def test_elements_with_preserved_white_space_do_not_begin_with_it():
    """The style sheets preserve white space in these elements (white-space: pre-wrap)."""

    def find_problems(text: str) -> list[str]:
        return [f"white space at the start of {found[1]}" for found in PRE_WRAP.finditer(text)]

    assert problems_of_templates(find_problems) == []


def test_templates_do_not_contain_the_markup_of_icons():
    def find_problems(text: str) -> list[str]:
        return [name for name, pattern in ICON_MARKUP.items() if pattern.search(text)]

    assert problems_of_templates(find_problems) == []


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
def test_icon_tags_render_their_markup(tag, markup):
    assert Template("{% load icons %}" + tag).render(Context({"kolb": "denker", "label": "<zo>"})) == markup


def test_crumbs_are_links_with_a_slash_between_them():
    markup = Template('{% load links %}{% crumbs "/a/" "A" "/b/" title %}').render(Context({"title": "B <b>"}))
    assert markup == (
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
def test_aria_current_marks_links_to_this_page_and_to_its_app(rf, path, app_name, attribute):
    request = rf.get(path)
    request.resolver_match = None if path == "/nergens/" else resolve(path)
    template = Template('{% load links %}{% aria_current "/casussen/" app_name %}')
    assert template.render(Context({"request": request, "app_name": app_name})) == attribute


def test_aria_current_without_a_request_is_empty():
    assert Template('{% load links %}{% aria_current "/casussen/" %}').render(Context()) == ""


def test_hidden_fields_are_in_the_order_of_the_arguments():
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
def test_marked_renders_each_kind_of_run(run, markup):
    assert Template("{% load text_diff %}{% marked run %}").render(Context({"run": run})) == markup


@pytest.mark.parametrize(
    ("text", "css_class", "markup"),
    [("", "late", ""), ("a & b", "", "<span>a &amp; b</span>"), ("a", "late", '<span class="late">a</span>')],
)
def test_fact_without_text_is_empty(text, css_class, markup):
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
def test_only_the_chosen_value_has_the_attribute(tag, attribute):
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
def test_query_has_only_the_parameters_with_a_value(parameters, query):
    template = Template("{% load links %}{% query " + parameters + " %}")
    assert template.render(Context({"text": "café &/of"})) == query


def test_field_if_set_without_a_value_is_empty():
    template = Template('{% load hidden_fields %}{% field_if_set "next" next %}{% field_if_set "vraag" nothing.such %}')
    assert template.render(Context({"next": "/?a&b"})) == '<input type="hidden" name="next" value="/?a&amp;b">'


@pytest.mark.parametrize(
    ("text", "markup"),
    [("", ""), ("a & b\n\nc", '<div class="lead"><p>a &amp; b</p>\n\n<p>c</p></div>')],
)
def test_paragraphs_without_text_are_empty(text, markup):
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
def test_note_is_empty_unless_it_applies(tag, assignment, markup):
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
def test_within_marks_the_links_that_lead_to_a_parent_of_the_page(rf, path, address, text):
    template = Template('{% load links %}{% within address " current" %}')
    assert template.render(Context({"request": rf.get(path), "address": address})) == text


def test_separator_is_a_comma_and_before_the_last_item_a_word():
    template = Template(
        '{% load lists %}{% for each in names %}{{ each }}{% separator forloop.revcounter " en " %}{% endfor %}'
    )
    markup = [template.render(Context({"names": names})) for names in ("", "a", "ab", "abc", "abcd")]
    assert markup == ["", "a", "a en b", "a, b en c", "a, b, c en d"]


@pytest.mark.parametrize(("address", "markup"), [("/a/?b&c", '<a href="/a/?b&amp;c">&lt;i&gt;</a>'), ("", "&lt;i&gt;")])
def test_link_if_without_an_address_is_plain_text(address, markup):
    template = Template("{% load links %}{% link_if address text %}")
    assert template.render(Context({"address": address, "text": "<i>"})) == markup
