"""The table of progress in a real browser: its updates, its fixed headings, and the accessible names of its cells."""

import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from questions.actions import answering, modules
from questions.models import Feedback, Submission
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, hand_in

pytestmark = pytest.mark.django_db

A_WHILE = 10_500  # the script requests changes every ten seconds


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
    enrolments = [enrol(module, UserFactory(name=name), group="SW1C") for name in ("Aylin Demir", "Bram Kuipers")]
    hand_in(assignment, enrolments[0])
    return enrolments


@pytest.fixture
def page(open_page, teacher, module, students):
    page = open_page(user=teacher)
    page.clock.install()
    page.goto(f"/modules/{module.pk}/voortgang/")
    page.get_by_text("Bijgewerkt om").wait_for()
    return page


def cell(page, student: str, number: int):
    return page.get_by_role("row", name=student).get_by_role("cell").nth(number - 1)


def wait_for_update(page) -> None:
    """Wait until the script has requested changes once more."""
    with page.expect_response(re.compile("/voortgang/wijzigingen/")):
        page.clock.fast_forward(A_WHILE)


def test_submission_appears_without_a_reload(page, assignment, students):
    wait_for_update(page)  # nothing has changed
    expect(page.locator("#melding")).to_be_empty()
    hand_in(assignment, students[1], 0)
    hand_in(assignment, students[1], 1)
    wait_for_update(page)
    expect(cell(page, "Bram Kuipers", 2)).to_have_text("nog te lezen")
    expect(page.locator("#melding")).to_have_text("2 nieuwe antwoorden ingeleverd")
    expect(page.locator("dd[data-total=waiting]")).to_have_text("3")
    expect(page.locator("[data-state=ingeleverd] b")).to_have_text("3")
    expect(page.locator("tfoot tr").first.get_by_role("cell").nth(0)).to_have_text("2")
    expect(page.get_by_role("link", name="nog te lezen: Bram Kuipers, vraag 2")).to_be_visible()


def test_update_does_not_move_the_focus_or_the_scroll_position(page, assignment, students, module):
    page.set_viewport_size({"width": 320, "height": 500})
    link = page.get_by_role("link", name="nog te lezen: Aylin Demir, vraag 1")
    link.evaluate("element => element.focus({preventScroll: true})")
    page.evaluate("scrollTo({top: 120, behavior: 'instant'})")
    page.evaluate("document.querySelector('.scroll').scrollTo({left: 30, behavior: 'instant'})")
    before = page.evaluate("[scrollX, scrollY, document.querySelector('.scroll').scrollLeft]")
    assert before == [0, 120, 30]
    wait_for_update(page)
    Feedback.objects.create(submission=Submission.objects.get(), author=module.enrolments.first().user)
    answering.save(
        student=students[1].user,
        question=assignment.questions.first(),
        assignment_id=assignment.pk,
        draft=answering.Draft("Misschien.", revision=0),
    )
    wait_for_update(page)
    expect(cell(page, "Bram Kuipers", 1)).to_have_text("bezig")
    expect(page.get_by_role("link", name="feedback klaar: Aylin Demir, vraag 1")).to_be_focused()
    assert page.evaluate("[scrollX, scrollY, document.querySelector('.scroll').scrollLeft]") == before
    expect(page.locator("#melding")).to_be_empty()  # only submissions are announced


def test_new_student_gets_a_row_and_the_focus_does_not_move(page, module):
    page.get_by_role("link", name="nog te lezen: Aylin Demir, vraag 1").focus()
    enrol(module, UserFactory(name="Aad Vooraan"), group="SW1C")
    wait_for_update(page)
    expect(page.get_by_role("row", name="Aad Vooraan")).to_be_visible()
    expect(page.get_by_role("link", name="nog te lezen: Aylin Demir, vraag 1")).to_be_focused()
    with page.expect_response(re.compile("/voortgang/wijzigingen/")) as reply:
        page.clock.fast_forward(A_WHILE)
    assert "rows" in reply.value.json()  # later updates send rows again


def test_next_submission_appears_in_a_list_that_was_empty(page, module, assignment, students):
    Feedback.objects.create(submission=Submission.objects.get(), author=module.enrolments.first().user)
    page.get_by_role("link", name="Nog te lezen", exact=True).click()
    expect(page.locator(".left-out")).to_have_text("Je hebt alles gelezen wat er is ingeleverd. Laat iedereen zien")
    page.get_by_text("Bijgewerkt om").wait_for()
    hand_in(assignment, students[1], 0)
    wait_for_update(page)
    expect(page.get_by_role("link", name="nog te lezen: Bram Kuipers, vraag 1")).to_be_visible()
    expect(page.locator(".left-out")).to_contain_text("1 student bij wie niets te lezen is, staat er nu niet bij.")
    expect(page.locator("#melding")).to_have_text("1 nieuw antwoord ingeleverd")


def test_updates_stop_with_a_message_when_the_user_is_signed_out(page, expected_problems):
    expected_problems.append("status of 401")
    Session.objects.all().delete()
    wait_for_update(page)
    expect(page.locator("#bijwerken")).to_contain_text("Je bent uitgelogd. Deze tabel is van")
    expect(page.get_by_role("link", name="Laad de pagina opnieuw")).to_be_visible()
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.clock.fast_forward(10 * A_WHILE)
    page.evaluate("dispatchEvent(new Event('online'))")
    assert requests == []


def test_lost_connection_is_reported_with_its_time_and_retried(page, expected_problems, assignment, students):
    expected_problems.append("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    page.clock.fast_forward(A_WHILE)
    expect(page.locator("#bijwerken")).to_contain_text("Geen verbinding sinds")
    hand_in(assignment, students[1], 0)
    page.context.set_offline(False)  # the browser dispatches "online"
    expect(cell(page, "Bram Kuipers", 1)).to_have_text("nog te lezen")
    expect(page.locator("#bijwerken")).to_contain_text("Bijgewerkt om")


def test_updates_can_be_paused(page):
    page.get_by_role("button", name="Zet stil").click()
    expect(page.locator("#bijwerken")).to_contain_text("Staat stil sinds")
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.clock.fast_forward(A_WHILE)
    assert requests == []
    with page.expect_response(re.compile("/voortgang/wijzigingen/")):
        page.get_by_role("button", name="Zet stil").click()


def test_every_cell_has_an_accessible_name(page):
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    cells = [node for node in nodes if node["role"]["value"] in {"cell", "gridcell"} and not node["ignored"]]
    names = [node["name"]["value"] for node in cells]
    assert names == [
        "nog te lezen: Aylin Demir, vraag 1",
        "nog leeg: Aylin Demir, vraag 2",
        *("1/2", "1"),
        "nog leeg: Bram Kuipers, vraag 1",
        "nog leeg: Bram Kuipers, vraag 2",
        *("0/2", "0"),
        *("1", "0", "1"),  # handed in
        *("1", "0", "1"),  # unread
    ]
    heads = [node["name"]["value"] for node in nodes if node["role"]["value"] in {"columnheader", "rowheader"}]
    assert {"Aylin Demir", "Bram Kuipers", "Vraag 1 doener", "Student"} <= set(heads)


def test_accessibility_tree_has_the_states_without_javascript(open_page, teacher, module, students):
    page = open_page(user=teacher, javascript=False)
    page.goto(f"/modules/{module.pk}/voortgang/")
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    links = [node["name"]["value"] for node in nodes if node["role"]["value"] == "link" and not node["ignored"]]
    assert "nog te lezen" in links
    expect(page.get_by_role("button", name="Zet stil")).to_be_hidden()


def test_cell_opens_the_answer_by_keyboard(page, assignment):
    page.get_by_role("link", name="Aylin Demir", exact=True).focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="nog te lezen: Aylin Demir, vraag 1")).to_be_focused()
    page.keyboard.press("Enter")
    submission = Submission.objects.get()
    query = f"?vraag=vraag-1&antwoord={submission.pk}#antwoord-{submission.pk}"
    page.wait_for_url(f"**/opdrachten/{assignment.pk}/feedback/{query}")
    expect(page.locator(f"#antwoord-{submission.pk}")).to_be_in_viewport()


def test_keyboard_users_can_skip_the_table(page):
    page.get_by_role("link", name="Excel").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Sla de tabel over")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Zet stil")).to_be_focused()


def test_headings_and_totals_stay_in_view_while_the_table_scrolls(open_page, teacher, module, assignment):
    for position in range(2, 5):
        AssignmentFactory(module=module, case=published_case(kolbs=["doener"] * 6), position=position)
    for number in range(40):
        enrol(module, UserFactory(name=f"Student {number:02}"))
    page = open_page(user=teacher, width=600)
    page.goto(f"/modules/{module.pk}/voortgang/")
    region = page.get_by_role("region", name="Voortgang per student en vraag")
    left_and_top = "element => { const {left, top} = element.getBoundingClientRect(); return [left, top]; }"
    corner, foot = page.get_by_role("columnheader", name="Student"), page.locator("tfoot th").last
    column, row = page.locator("th[data-asked]").first, page.get_by_role("rowheader", name="Student 00")
    before = [one.evaluate(left_and_top) for one in (corner, foot, column, row)]
    region.evaluate("element => element.scrollTo({left: 300, top: 900, behavior: 'instant'})")
    after = [one.evaluate(left_and_top) for one in (corner, foot, column, row)]
    assert after[:2] == before[:2]
    assert after[2] == [before[2][0] - 300, before[2][1]]
    assert after[3] == [before[3][0], before[3][1] - 900]


def test_counts_of_a_student_stay_in_view_with_many_questions(open_page, teacher, module, students):
    for position in range(2, 7):
        AssignmentFactory(module=module, case=published_case(kolbs=["doener"] * 6), position=position)
    page = open_page(user=teacher)
    page.goto(f"/modules/{module.pk}/voortgang/")
    right_edge = "element => element.getBoundingClientRect().right"
    region = page.get_by_role("region", name="Voortgang per student en vraag")
    counts = page.get_by_role("row", name="Aylin Demir").locator(".num").all()
    edge = region.evaluate(right_edge)
    before = [one.evaluate(right_edge) for one in counts]
    assert before[0] < before[1] <= edge < page.locator("th[data-asked]").last.evaluate(right_edge)
    region.evaluate("element => element.scrollTo({left: 200, behavior: 'instant'})")
    assert [one.evaluate(right_edge) for one in counts] == before


def test_icon_without_its_word_has_a_tooltip(open_page, teacher, module, students):
    AssignmentFactory(module=module, case=published_case(title="Tweede casus", kolbs=["doener"] * 6), position=2)
    page = open_page(user=teacher)
    page.goto(f"/modules/{module.pk}/voortgang/")
    name = "nog leeg: Bram Kuipers, Een lekkende koelkast, vraag 1"
    empty = cell(page, "Bram Kuipers", 1)
    empty.hover()
    expect(empty).to_have_attribute("title", name)
    expect(cell(page, "Bram Kuipers", 2)).not_to_have_attribute("title", re.compile("."))


def test_icons_replace_words_but_stay_accessible_with_many_questions(
    open_page, teacher, module, students, assert_accessible
):
    AssignmentFactory(module=module, case=published_case(title="Tweede casus", kolbs=["doener"] * 6), position=2)
    page = open_page(user=teacher)
    page.goto(f"/modules/{module.pk}/voortgang/")
    name = "nog te lezen: Aylin Demir, Een lekkende koelkast, vraag 1"
    link = page.get_by_role("link", name=name, exact=True)
    box = link.bounding_box()
    assert box["width"] < 40
    assert min(box["width"], box["height"]) >= 24  # the minimum size of a target
    assert_accessible(page)


def test_hiding_names_hides_them_on_this_page_at_once(page, module, teacher, students):
    page.get_by_role("button", name="Verberg namen").click()
    expect(page.get_by_role("button", name="Toon namen")).to_be_visible()
    expect(page.get_by_role("link", name=f"nog te lezen: {students[0].alias}, vraag 1")).to_be_visible()
    assert "Aylin" not in page.content()


def test_hiding_names_on_another_page_hides_them_with_the_next_update(page, module, teacher):
    modules.choose_reading(enrolment=module.enrolments.get(user=teacher), hides_names=True)
    wait_for_update(page)
    expect(page.get_by_role("row", name="Aylin Demir")).to_have_count(0)
    assert "Aylin" not in page.content()
