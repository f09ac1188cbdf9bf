"""The table of progress in a real browser: it keeps itself up to date, its heads stay, every cell says whose it is."""

import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from questions.actions import answering, modules
from questions.models import Feedback, Submission
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, hand_in

pytestmark = pytest.mark.django_db

A_WHILE = 10_500  # the script asks every ten seconds


@pytest.fixture
def teacher():
    return UserFactory(name="Karin Vos", groups=["Docenten"])


@pytest.fixture
def module(teacher):
    return ModuleFactory(teacher=teacher, groups=["SW1C"])


@pytest.fixture
def assignment(module):
    case = published_case(title="Een lekkende koelkast", kolbs=["doener", "denker"])
    return AssignmentFactory(module=module, case=case)


@pytest.fixture
def students(module, assignment):
    people = [enrol(module, UserFactory(name=name), group="SW1C") for name in ("Aylin Demir", "Bram Kuipers")]
    hand_in(assignment, people[0])
    return people


@pytest.fixture
def page(open_page, teacher, module, students):
    page = open_page(user=teacher)
    page.clock.install()
    page.goto(f"/modules/{module.pk}/voortgang/")
    page.get_by_text("Bijgewerkt om").wait_for()
    return page


def cell(page, student: str, number: int):
    return page.get_by_role("row", name=student).get_by_role("cell").nth(number - 1)


def ask(page) -> None:
    """The next time that the script asks what changed, has come and gone."""
    with page.expect_response(re.compile("/voortgang/wijzigingen/")):
        page.clock.fast_forward(A_WHILE)


def test_what_a_student_hands_in_appears_by_itself(page, assignment, students):
    ask(page)  # nothing happened yet
    expect(page.locator("#melding")).to_be_empty()
    hand_in(assignment, students[1], 0)
    hand_in(assignment, students[1], 1)
    ask(page)
    expect(cell(page, "Bram Kuipers", 2)).to_have_text("nog te lezen")
    expect(page.locator("#melding")).to_have_text("2 nieuwe antwoorden ingeleverd")
    expect(page.locator("dd[data-total=waiting]")).to_have_text("3")
    expect(page.locator("[data-state=ingeleverd] b")).to_have_text("3")
    expect(page.locator("tfoot tr").first.get_by_role("cell").nth(0)).to_have_text("2")
    expect(page.get_by_role("link", name="Bram Kuipers, vraag 2: nog te lezen")).to_be_visible()


def test_neither_the_focus_nor_the_scroll_moves(page, assignment, students, module):
    page.set_viewport_size({"width": 320, "height": 500})
    link = page.get_by_role("link", name="Aylin Demir, vraag 1: nog te lezen")
    link.evaluate("element => element.focus({preventScroll: true})")
    page.evaluate("scrollTo({top: 120, behavior: 'instant'})")
    page.evaluate("document.querySelector('.scroll').scrollTo({left: 30, behavior: 'instant'})")
    before = page.evaluate("[scrollX, scrollY, document.querySelector('.scroll').scrollLeft]")
    assert before == [0, 120, 30]
    ask(page)
    Feedback.objects.create(submission=Submission.objects.get(), author=module.enrolments.first().user)
    answering.save(
        student=students[1].user,
        question=assignment.questions.first(),
        assignment_id=assignment.pk,
        draft=answering.Draft("Misschien.", revision=0),
    )
    ask(page)
    expect(cell(page, "Bram Kuipers", 1)).to_have_text("bezig")
    expect(page.get_by_role("link", name="Aylin Demir, vraag 1: feedback klaar")).to_be_focused()
    assert page.evaluate("[scrollX, scrollY, document.querySelector('.scroll').scrollLeft]") == before
    expect(page.locator("#melding")).to_be_empty()  # nothing was handed in: nothing to disturb anyone for


def test_somebody_new_gets_a_row_and_the_focus_stays(page, module):
    page.get_by_role("link", name="Aylin Demir, vraag 1: nog te lezen").focus()
    enrol(module, UserFactory(name="Aad Vooraan"), group="SW1C")
    ask(page)
    expect(page.get_by_role("row", name="Aad Vooraan")).to_be_visible()
    expect(page.get_by_role("link", name="Aylin Demir, vraag 1: nog te lezen")).to_be_focused()
    with page.expect_response(re.compile("/voortgang/wijzigingen/")) as reply:
        page.clock.fast_forward(A_WHILE)
    assert "rows" in reply.value.json()  # from here on it goes by rows again


def test_with_everything_read_the_next_answer_appears_by_itself(page, module, assignment, students):
    Feedback.objects.create(submission=Submission.objects.get(), author=module.enrolments.first().user)
    page.get_by_role("link", name="Nog te lezen", exact=True).click()
    expect(page.locator(".left-out")).to_have_text("Je hebt alles gelezen wat er is ingeleverd. Laat iedereen zien")
    page.get_by_text("Bijgewerkt om").wait_for()
    hand_in(assignment, students[1], 0)
    ask(page)
    expect(page.get_by_role("link", name="Bram Kuipers, vraag 1: nog te lezen")).to_be_visible()
    expect(page.locator(".left-out")).to_contain_text("1 student bij wie niets te lezen is, staat er nu niet bij.")
    expect(page.locator("#melding")).to_have_text("1 nieuw antwoord ingeleverd")


def test_who_is_signed_out_is_told_and_nothing_is_asked_any_more(page, expected_problems):
    expected_problems.append("status of 401")
    Session.objects.all().delete()
    ask(page)
    expect(page.locator("#bijwerken")).to_contain_text("Je bent uitgelogd. Deze tabel is van")
    expect(page.get_by_role("link", name="Laad de pagina opnieuw")).to_be_visible()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.fast_forward(10 * A_WHILE)
    page.evaluate("dispatchEvent(new Event('online'))")
    assert asked == []


def test_without_a_connection_it_says_since_when_and_tries_again(page, expected_problems, assignment, students):
    expected_problems.append("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    page.clock.fast_forward(A_WHILE)
    expect(page.locator("#bijwerken")).to_contain_text("Geen verbinding sinds")
    hand_in(assignment, students[1], 0)
    page.context.set_offline(False)  # which the browser tells the page
    expect(cell(page, "Bram Kuipers", 1)).to_have_text("nog te lezen")
    expect(page.locator("#bijwerken")).to_contain_text("Bijgewerkt om")


def test_it_can_be_put_to_rest(page):
    page.get_by_role("button", name="Zet stil").click()
    expect(page.locator("#bijwerken")).to_contain_text("Staat stil sinds")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.fast_forward(A_WHILE)
    assert asked == []
    with page.expect_response(re.compile("/voortgang/wijzigingen/")):
        page.get_by_role("button", name="Zet stil").click()


def test_every_cell_has_a_name_for_who_does_not_see_the_table(page):
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    cells = [node for node in nodes if node["role"]["value"] in {"cell", "gridcell"} and not node["ignored"]]
    names = [node["name"]["value"] for node in cells]
    assert names == [
        "Aylin Demir, vraag 1: nog te lezen",
        "Aylin Demir, vraag 2: nog leeg",
        *("1/2", "1"),
        "Bram Kuipers, vraag 1: nog leeg",
        "Bram Kuipers, vraag 2: nog leeg",
        *("0/2", "0"),
        *("1", "0", "1"),  # handed in
        *("1", "0", "1"),  # of which to be read
    ]
    heads = [node["name"]["value"] for node in nodes if node["role"]["value"] in {"columnheader", "rowheader"}]
    assert {"Aylin Demir", "Bram Kuipers", "Vraag 1 doener", "Student"} <= set(heads)


def test_the_tree_tells_the_states_without_javascript_too(open_page, teacher, module, students):
    page = open_page(user=teacher, javascript=False)
    page.goto(f"/modules/{module.pk}/voortgang/")
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    links = [node["name"]["value"] for node in nodes if node["role"]["value"] == "link" and not node["ignored"]]
    assert "nog te lezen" in links
    expect(page.get_by_role("button", name="Zet stil")).to_be_hidden()


def test_a_cell_opens_the_answer_by_keyboard(page, assignment):
    page.get_by_role("link", name="Aylin Demir", exact=True).focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Aylin Demir, vraag 1: nog te lezen")).to_be_focused()
    page.keyboard.press("Enter")
    submission = Submission.objects.get()
    query = f"?vraag=vraag-1&antwoord={submission.pk}#antwoord-{submission.pk}"
    page.wait_for_url(f"**/opdrachten/{assignment.pk}/feedback/{query}")
    expect(page.locator(f"#antwoord-{submission.pk}")).to_be_in_viewport()


def test_by_keyboard_one_need_not_go_through_every_cell(page):
    page.get_by_role("link", name="Excel").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Sla de tabel over")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Zet stil")).to_be_focused()


def test_heads_and_sums_stay_while_the_rest_scrolls(open_page, teacher, module, assignment):
    for position in range(2, 5):
        AssignmentFactory(module=module, case=published_case(kolbs=["doener"] * 6), position=position)
    for number in range(40):
        enrol(module, UserFactory(name=f"Student {number:02}"))
    page = open_page(user=teacher, width=600)
    page.goto(f"/modules/{module.pk}/voortgang/")
    region = page.get_by_role("region", name="Voortgang per student en vraag")
    place = "element => { const {left, top} = element.getBoundingClientRect(); return [left, top]; }"
    corner, foot = page.get_by_role("columnheader", name="Student"), page.locator("tfoot th").last
    column, row = page.locator("th[data-asked]").first, page.get_by_role("rowheader", name="Student 00")
    before = [one.evaluate(place) for one in (corner, foot, column, row)]
    region.evaluate("element => element.scrollTo({left: 300, top: 900, behavior: 'instant'})")
    after = [one.evaluate(place) for one in (corner, foot, column, row)]
    assert after[:2] == before[:2]
    assert after[2] == [before[2][0] - 300, before[2][1]]
    assert after[3] == [before[3][0], before[3][1] - 900]


def test_with_many_questions_the_counts_of_a_student_stay_in_view(open_page, teacher, module, students):
    for position in range(2, 7):
        AssignmentFactory(module=module, case=published_case(kolbs=["doener"] * 6), position=position)
    page = open_page(user=teacher)
    page.goto(f"/modules/{module.pk}/voortgang/")
    where = "element => element.getBoundingClientRect().right"
    region = page.get_by_role("region", name="Voortgang per student en vraag")
    counts = page.get_by_role("row", name="Aylin Demir").locator(".num").all()
    edge = region.evaluate(where)
    before = [one.evaluate(where) for one in counts]
    assert before[0] < before[1] <= edge < page.locator("th[data-asked]").last.evaluate(where)
    region.evaluate("element => element.scrollTo({left: 200, behavior: 'instant'})")
    assert [one.evaluate(where) for one in counts] == before


def test_a_picture_without_its_word_says_what_it_is_when_pointed_at(open_page, teacher, module, students):
    AssignmentFactory(module=module, case=published_case(title="Tweede casus", kolbs=["doener"] * 6), position=2)
    page = open_page(user=teacher)
    page.goto(f"/modules/{module.pk}/voortgang/")
    name = "Bram Kuipers, Een lekkende koelkast, vraag 1: nog leeg"
    empty = cell(page, "Bram Kuipers", 1)
    empty.hover()
    expect(empty).to_have_attribute("title", name)
    expect(cell(page, "Bram Kuipers", 2)).not_to_have_attribute("title", re.compile("."))


def test_with_many_questions_words_make_way_and_are_still_said(open_page, teacher, module, students, assert_accessible):
    AssignmentFactory(module=module, case=published_case(title="Tweede casus", kolbs=["doener"] * 6), position=2)
    page = open_page(user=teacher)
    page.goto(f"/modules/{module.pk}/voortgang/")
    name = "Aylin Demir, Een lekkende koelkast, vraag 1: nog te lezen"
    link = page.get_by_role("link", name=name, exact=True)
    box = link.bounding_box()
    assert box["width"] < 40
    assert min(box["width"], box["height"]) >= 24  # large enough to hit
    assert_accessible(page)


def test_hiding_names_hides_them_on_this_page_at_once(page, module, teacher, students):
    page.get_by_role("button", name="Verberg namen").click()
    expect(page.get_by_role("button", name="Toon namen")).to_be_visible()
    expect(page.get_by_role("link", name=f"{students[0].alias}, vraag 1: nog te lezen")).to_be_visible()
    assert "Aylin" not in page.content()


def test_hiding_names_elsewhere_hides_them_here_with_the_next_change(page, module, teacher):
    modules.choose_reading(enrolment=module.enrolments.get(user=teacher), hides_names=True)
    ask(page)
    expect(page.get_by_role("row", name="Aylin Demir")).to_have_count(0)
    assert "Aylin" not in page.content()
