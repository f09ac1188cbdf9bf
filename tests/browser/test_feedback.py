"""Failures while a teacher writes feedback, and the other functions of the feedback desk, in a real browser."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from casebook.lib.text_diff import cache
from questions.actions import answering, feedback
from questions.actions.saving import Draft
from questions.models import Comment, Feedback, FeedbackVersion, PinnedAnswer, Role, Submission
from tests.browser.conftest import session_cookie
from tests.browser.device import count_copies, wait_for_copies
from tests.browser.student_desk import open_another_tab, open_sign_in
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, hand_in

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.writes

SAVED = "Opgeslagen"
ON_DEVICE = "Nog niet verzonden, bewaard op dit apparaat"
PASSWORD = "een-lang-wachtwoord"
TEXT = "Waar zie je dat in het verhaal?"
POLL = 11_000  # milliseconds: the desk requests news every ten seconds


@pytest.fixture(autouse=True)
def expect_lost_connections(expected_problems):
    expected_problems.append("net::ERR_")


@pytest.fixture
def teacher(transactional_db):
    teacher = UserFactory(name="Karin Vos", groups=["Docenten"])
    teacher.set_password(PASSWORD)
    teacher.save()
    return teacher


@pytest.fixture
def assignment(teacher):
    module = ModuleFactory(teacher=teacher)
    return AssignmentFactory(module=module, case=published_case(kolbs=["doener"]))


@pytest.fixture
def submission(assignment):
    return hand_in(assignment, enrol(assignment.module, UserFactory(name="Bram Kuipers")), text="Ik bel eerst.")


def desk_address(assignment) -> str:
    return reverse("questions:assignment_feedback", args=[assignment.pk])


@pytest.fixture
def desk(open_page, assignment, submission, teacher):
    page = open_page(user=teacher)
    page.goto(desk_address(assignment))
    return page


def field(page):
    return page.get_by_label("Jouw feedback").first


def save_line(page):
    return page.locator("[data-saveline]").first


def write(page, text: str) -> None:
    field(page).press("Control+End")
    field(page).press_sequentially(text)


def stored_feedback() -> tuple[str, str]:
    return Feedback.objects.values_list("text", "verdict").get()


def test_every_script_is_loaded_once_with_its_hashed_name(desk):
    names = "performance.getEntriesByType('resource').map(entry => entry.name.split('/js/')[1]).filter(Boolean)"
    loaded = sorted(desk.evaluate(names))
    scripts = ["announcements", "arrival", "device", "feedback", "field"]
    scripts += ["outbox", "reply", "save_state", "text", "writing"]
    assert [name.split(".")[0] for name in loaded] == scripts
    assert all(re.fullmatch(r"[a-z_]+\.[0-9a-f]{12}\.js", name) for name in loaded)


def test_pause_in_typing_saves_feedback_without_releasing_it(desk):
    write(desk, TEXT)
    expect(save_line(desk)).to_contain_text("nog niet vrijgegeven")
    assert stored_feedback() == (TEXT, "gelezen")
    assert count_copies(desk) == 0
    assert not Feedback.objects.released().exists()


def test_verdict_without_text_is_saved(desk):
    with desk.expect_response(lambda response: response.request.method == "POST"):
        desk.get_by_label("afgerond").check()
    expect(save_line(desk)).to_contain_text(SAVED)
    assert stored_feedback() == ("", "afgerond")


def test_text_and_verdict_of_a_closed_tab_are_recovered_and_saved(desk):
    desk.context.set_offline(True)
    desk.get_by_label("graag aanvullen").check()
    write(desk, "Waar zie je da")
    assert count_copies(desk) == 1
    context, url = desk.context, desk.url
    desk.close()
    context.set_offline(False)
    fresh = context.new_page()
    fresh.goto(url)
    expect(field(fresh)).to_have_value("Waar zie je da")
    expect(fresh.get_by_label("graag aanvullen")).to_be_checked()
    expect(save_line(fresh)).to_contain_text(SAVED)
    assert stored_feedback() == ("Waar zie je da", "aanvullen")
    assert count_copies(fresh) == 0


def test_verdict_without_text_of_a_closed_tab_is_recovered_and_saved(desk):
    desk.context.set_offline(True)
    desk.get_by_label("afgerond").check()
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    context, url = desk.context, desk.url
    desk.close()
    context.set_offline(False)
    fresh = context.new_page()
    fresh.goto(url)
    expect(save_line(fresh)).to_contain_text(SAVED)
    expect(fresh.get_by_label("afgerond")).to_be_checked()
    assert stored_feedback() == ("", "afgerond")


def test_text_typed_while_offline_is_saved_when_online(desk):
    write(desk, "Mooi.")
    expect(save_line(desk)).to_contain_text(SAVED)
    desk.context.set_offline(True)
    write(desk, " Waarom?")
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    assert stored_feedback()[0] == "Mooi."
    desk.context.set_offline(False)
    expect(save_line(desk)).to_contain_text(SAVED)
    assert stored_feedback()[0] == "Mooi. Waarom?"
    assert not FeedbackVersion.objects.exists()


def test_unsent_feedback_is_sent_from_any_page(desk):
    desk.context.set_offline(True)
    write(desk, TEXT)
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    context = desk.context
    desk.close()
    context.set_offline(False)
    other_page = context.new_page()
    with other_page.expect_response(lambda response: "/ingeleverd/" in response.url) as sent:
        other_page.goto("/over/")
    assert sent.value.status == 200
    assert stored_feedback() == (TEXT, "gelezen")


def test_text_is_sent_after_signing_in_again(desk, teacher, expected_problems):
    expected_problems.append("status of 401")
    write(desk, "Mooi")
    expect(save_line(desk)).to_contain_text(SAVED)
    Session.objects.all().delete()
    write(desk, " gezien")
    open_sign_in(desk)
    dialog = desk.get_by_role("dialog", name="Je bent uitgelogd")
    expect(dialog).to_be_visible()
    dialog.get_by_label("E-mailadres").fill(teacher.email)
    dialog.get_by_label("Wachtwoord").fill(PASSWORD)
    dialog.get_by_role("button", name="Log in en ga verder").click()
    expect(save_line(desk)).to_contain_text(SAVED)
    assert stored_feedback()[0] == "Mooi gezien"


def test_sign_in_dialog_does_not_open_while_the_teacher_searches_a_comment(desk, expected_problems):
    expected_problems.append("status of 401")
    write(desk, "Mooi")
    expect(save_line(desk)).to_contain_text(SAVED)
    Session.objects.all().delete()
    write(desk, " gezien")
    search = desk.get_by_label("Zoek in je zinnen")
    search.focus()
    expect(desk.get_by_role("button", name="Log opnieuw in")).to_be_visible()
    desk.keyboard.type("waar")
    expect(search).to_have_value("waar")
    expect(desk.get_by_role("dialog", name="Je bent uitgelogd")).to_be_hidden()


@pytest.mark.parametrize(("choice", "winner"), [("Verder met deze tekst", 1), ("Neem de opgeslagen tekst", 0)])
def test_two_tabs_of_one_teacher_show_both_texts(desk, expected_problems, choice, winner):
    expected_problems.append("status of 409")
    other = open_another_tab(desk)
    texts = ["In het eerste tabblad.", "In het tweede tabblad."]
    write(desk, texts[0])
    expect(save_line(desk)).to_contain_text(SAVED)
    write(other, texts[1])
    panel = other.get_by_role("region", name="Twee teksten")
    expect(panel).to_contain_text(texts[0])
    expect(panel).to_contain_text(texts[1])
    assert sorted(FeedbackVersion.objects.values_list("text", flat=True)) == sorted(texts)
    panel.get_by_role("button", name=choice).click()
    expect(save_line(other)).to_contain_text(SAVED)
    expect(field(other)).to_have_value(texts[winner])
    assert stored_feedback()[0] == texts[winner]


def test_text_typed_during_a_conflict_is_saved_as_a_version(desk, teacher, submission, expected_problems):
    expected_problems.append("status of 409")
    feedback.save(author=teacher, submission=submission, draft=Draft("Van thuis."))
    write(desk, "Van school.")
    panel = desk.get_by_role("region", name="Twee teksten")
    expect(panel).to_be_visible()
    write(desk, " En nog een zin.")
    with desk.expect_response(lambda response: "/ingeleverd/" in response.url):
        panel.get_by_role("button", name="Neem de opgeslagen tekst").click()
    expect(save_line(desk)).to_contain_text(SAVED)
    versions = set(FeedbackVersion.objects.values_list("text", flat=True))
    assert versions == {"Van thuis.", "Van school.", "Van school. En nog een zin."}
    assert stored_feedback()[0] == "Van thuis."
    wait_for_copies(desk, 0)


def test_third_text_is_saved_as_a_version_when_one_of_two_is_chosen(desk, teacher, submission, expected_problems):
    expected_problems.append("status of 409")
    other, context, url = open_another_tab(desk), desk.context, desk.url
    context.set_offline(True)
    write(desk, "Uit het eerste tabblad.")
    write(other, "Uit het tweede tabblad.")
    assert count_copies(desk) == 2
    desk.close()
    other.close()
    feedback.save(author=teacher, submission=submission, draft=Draft("Van thuis."))
    context.set_offline(False)
    fresh = context.new_page()
    fresh.goto(url)
    panel = fresh.get_by_role("region", name="Twee teksten")
    with fresh.expect_response(lambda response: "/ingeleverd/" in response.url):
        panel.get_by_role("button", name="Neem de opgeslagen tekst").click()
    wait_for_copies(fresh, 0)
    versions = set(FeedbackVersion.objects.values_list("text", flat=True))
    assert versions == {"Van thuis.", "Uit het eerste tabblad.", "Uit het tweede tabblad."}


def test_text_that_is_deleted_at_once_does_not_reappear(desk):
    desk.get_by_label("graag aanvullen").check()
    expect(save_line(desk)).to_contain_text("nog niet vrijgegeven")
    desk.get_by_label("afgerond").check()
    desk.get_by_label("graag aanvullen").check()
    write(desk, "x")
    field(desk).press("Backspace")
    expect(save_line(desk)).to_contain_text(SAVED)
    assert count_copies(desk) == 0
    desk.wait_for_timeout(1000)
    desk.goto("/over/")
    desk.wait_for_timeout(500)
    assert stored_feedback() == ("", "aanvullen")


def test_save_line_reports_a_release_without_a_reply(desk):
    write(desk, "Mooi.")
    expect(save_line(desk)).to_contain_text("nog niet vrijgegeven")
    desk.context.set_offline(True)
    desk.get_by_role("button", name="Geef vrij", exact=True).first.click()
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    desk.context.set_offline(False)
    expect(save_line(desk)).to_contain_text("nog niet vrijgegeven")
    assert count_copies(desk) == 0


def test_two_teachers_have_separate_feedback_and_see_each_other_writing(open_page, desk, assignment):
    colleague = enrol(assignment.module, UserFactory(name="Hakan Demir"), role=Role.TEACHER).user
    other = open_page(user=colleague)
    other.clock.install()
    other.goto(desk_address(assignment))
    write(desk, TEXT)
    expect(save_line(desk)).to_contain_text(SAVED)
    other.clock.fast_forward(POLL)
    expect(other.get_by_text("Karin schrijft nu")).to_be_visible()
    write(other, "Ik vind het sterk.")
    expect(save_line(other)).to_contain_text(SAVED)
    write(desk, " Leg uit.")
    expect(save_line(desk)).to_contain_text(SAVED)
    saved_feedback = Feedback.objects.order_by("author__name").values_list("author__name", "text")
    assert list(saved_feedback) == [("Hakan Demir", "Ik vind het sterk."), ("Karin Vos", TEXT + " Leg uit.")]
    assert not FeedbackVersion.objects.exists()


def test_desk_is_hidden_when_another_user_signs_in(desk, live_server, expected_problems):
    expected_problems.append("status of 409")
    other_user = UserFactory()
    desk.context.add_cookies([session_cookie(other_user, live_server.url)])
    write(desk, TEXT)
    expect(desk.get_by_role("heading", name="Hier is nu iemand anders ingelogd")).to_be_visible()
    expect(field(desk)).to_be_hidden()
    assert not Feedback.objects.exists()


def test_save_line_reports_that_the_student_took_the_answer_back(desk, submission, expected_problems):
    expected_problems.append("status of 410")
    assert answering.take_back(submission=submission)
    write(desk, TEXT)
    expect(save_line(desk)).to_contain_text("De student heeft dit antwoord teruggenomen")
    assert count_copies(desk) == 1
    assert not Feedback.objects.exists()


def test_changed_feedback_is_shown_to_the_student_when_released_again(desk):
    write(desk, "Mooi.")
    expect(save_line(desk)).to_contain_text("nog niet vrijgegeven")
    desk.get_by_role("button", name="Geef vrij", exact=True).first.click()
    expect(save_line(desk)).to_contain_text(", vrijgegeven")
    write(desk, " Nog iets.")
    expect(save_line(desk)).to_contain_text("wijziging nog niet vrijgegeven")
    saved_feedback = Feedback.objects.get()
    assert (saved_feedback.shown_text, saved_feedback.text) == ("Mooi.", "Mooi. Nog iets.")
    desk.get_by_role("button", name="Geef vrij", exact=True).first.click()
    expect(save_line(desk)).to_contain_text(", vrijgegeven")
    assert Feedback.objects.get().shown_text == "Mooi. Nog iets."


def test_answer_taken_back_does_not_block_the_release_of_others(
    open_page, assignment, submission, teacher, expected_problems
):
    expected_problems.append("status of 410")
    second = hand_in(assignment, enrol(assignment.module))
    feedback.save(author=teacher, submission=second, draft=Draft("Klaar."))
    page = open_page(user=teacher)
    page.goto(desk_address(assignment))
    assert answering.take_back(submission=submission)
    gone = page.locator(f"#antwoord-{submission.pk}")
    gone.get_by_label("Jouw feedback").fill("Te laat.")
    expect(gone.locator("[data-saveline]")).to_contain_text("teruggenomen")
    page.get_by_role("button", name="Geef alles vrij (1)").click()
    expect(page.get_by_text("Vrijgegeven: bij 1 antwoord.")).to_be_visible()
    assert count_copies(page) == 1


def test_comment_from_the_bank_is_inserted_as_editable_text(open_page, assignment, submission, teacher):
    Comment.objects.create(owner=teacher, text="Wijs een zin aan.")
    Comment.objects.create(owner=teacher, text="Wat deed dat met jou?")
    page = open_page(user=teacher)
    page.goto(desk_address(assignment))
    write(page, "Goed begin.")
    page.keyboard.press("Alt+b")
    page.keyboard.type("ZÍN")
    expect(page.get_by_role("button", name="Wijs een zin aan.")).to_be_visible()
    expect(page.get_by_role("button", name="Wat deed dat met jou?")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(field(page)).to_have_value("Goed begin. Wijs een zin aan.")
    page.keyboard.type(" Welke?")
    expect(save_line(page)).to_contain_text(SAVED)
    assert stored_feedback()[0] == "Goed begin. Wijs een zin aan. Welke?"
    for _each in range(10):
        page.keyboard.press("Control+z")
    expect(field(page)).not_to_have_value("Goed begin. Wijs een zin aan. Welke?")


def test_sentence_used_for_the_third_time_is_offered_for_the_bank(open_page, assignment, teacher):
    enrolments = [enrol(assignment.module) for _each in range(3)]
    submissions = [hand_in(assignment, enrolment) for enrolment in enrolments]
    for submission in submissions[:2]:
        feedback.save(author=teacher, submission=submission, draft=Draft(TEXT))
    page = open_page(user=teacher)
    page.goto(desk_address(assignment))
    reply = page.locator(f"#antwoord-{submissions[2].pk}")
    reply.get_by_label("Jouw feedback").press_sequentially(TEXT)
    reply.get_by_role("button", name="Bewaar in je zinnen").click()
    expect(reply.get_by_role("button", name=TEXT)).to_be_visible()
    assert list(Comment.objects.values_list("owner", "text")) == [(teacher.pk, TEXT)]


def test_feedback_for_a_selection_can_be_undone(open_page, assignment, teacher):
    submissions = [hand_in(assignment, enrol(assignment.module)) for _each in range(3)]
    page = open_page(user=teacher)
    page.goto(desk_address(assignment))
    selection = page.get_by_role("form", name="Voor de gekozen antwoorden")
    expect(selection).to_be_hidden()
    for submission in submissions[:2]:
        page.locator(f"#antwoord-{submission.pk}").get_by_role("checkbox").check()
    expect(selection).to_contain_text("2 antwoorden aangevinkt")
    selection.get_by_role("button", name="Gelezen").click()
    expect(page.get_by_text("Bij 2 antwoorden staat nu feedback klaar.")).to_be_visible()
    assert Feedback.objects.count() == 2
    page.locator(".again").get_by_role("button", name="Maak ongedaan").click()
    expect(page.get_by_text("Bij 2 antwoorden ongedaan gemaakt.")).to_be_visible()
    assert not Feedback.objects.exists()


def test_names_stay_hidden_after_hiding_them(desk):
    expect(desk.get_by_role("heading", name="Bram Kuipers")).to_be_visible()
    desk.get_by_role("button", name="Verberg namen").click()
    expect(desk.get_by_role("button", name="Toon namen")).to_be_visible()
    assert "Bram" not in desk.content()
    desk.keyboard.press("j")
    desk.keyboard.press("w")
    expect(desk.get_by_role("heading", level=2, name="Student")).to_be_visible()
    assert "Bram" not in desk.content()
    assert "Bram" not in desk.url


def test_feedback_can_be_saved_and_released_without_javascript(open_page, assignment, submission, teacher):
    page = open_page(user=teacher, javascript=False)
    page.goto(desk_address(assignment))
    field(page).fill(TEXT)
    page.get_by_label("graag aanvullen").check()
    page.get_by_role("button", name="Bewaar en volgende").click()
    expect(page.get_by_text("Opgeslagen, nog niet vrijgegeven.")).to_be_visible()
    assert stored_feedback() == (TEXT, "aanvullen")
    page.get_by_role("button", name="Geef vrij", exact=True).first.click()
    expect(page.get_by_text("Opgeslagen, vrijgegeven.")).to_be_visible()
    assert Feedback.objects.released().count() == 1


def test_conflict_without_javascript_returns_the_text(open_page, assignment, submission, teacher, expected_problems):
    expected_problems.append("status of 409")
    page = open_page(user=teacher, javascript=False)
    page.goto(desk_address(assignment))
    feedback.save(author=teacher, submission=submission, draft=Draft("Van thuis."))
    field(page).fill("Van school.")
    page.get_by_label("afgerond").check()
    page.get_by_role("button", name="Bewaar en volgende").click()
    expect(page.get_by_text("Van thuis.")).to_be_visible()
    expect(page.get_by_label("Wat je schreef")).to_have_value("Van school.")
    page.get_by_role("button", name="Verstuur opnieuw").click()
    expect(page.get_by_text("Opgeslagen, nog niet vrijgegeven.")).to_be_visible()
    assert stored_feedback() == ("Van school.", "afgerond")


def test_undo_empties_the_field_and_saves_the_text_as_a_version(desk):
    undo = desk.get_by_role("button", name="Maak ongedaan")
    expect(undo).to_be_hidden()
    write(desk, TEXT)
    undo.click()
    expect(desk.get_by_text("Ongedaan gemaakt.")).to_be_visible()
    expect(field(desk)).to_have_value("")
    desk.get_by_text("Eerdere versies (1)").click()
    expect(desk.get_by_text(TEXT)).to_be_visible()
    assert not Feedback.objects.exists()


@pytest.mark.parametrize("pause", [0, 1500])
def test_undo_of_the_only_verdict_makes_the_answer_unread(desk, pause):
    desk.keyboard.press("j")
    desk.keyboard.press("3")
    desk.wait_for_timeout(pause)
    desk.keyboard.press("z")
    expect(desk.get_by_label("afgerond")).not_to_be_checked()
    expect(desk.get_by_label("gelezen")).not_to_be_checked()
    desk.wait_for_timeout(1200)
    assert not Feedback.objects.exists()
    assert count_copies(desk) == 0


def test_key_opens_the_story(desk, assignment, submission):
    desk.keyboard.press("j")
    desk.keyboard.press("v")
    panel = desk.get_by_role("dialog", name="Vraag en verhaal")
    expect(panel).to_contain_text(assignment.edition.case.title)
    desk.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(desk.locator(f"#antwoord-{submission.pk}")).to_be_focused()


def test_earlier_version_shows_the_changes_after_it(open_page, assignment, submission, teacher):
    """A script shows the changes in place; without JavaScript a link leads to them."""
    student = assignment.module.enrolments.get(role=Role.STUDENT)
    for text in ("Ik bel later.", "Ik bel nu."):
        hand_in(assignment, student, text=text)
    page = open_page(user=teacher)
    page.goto(desk_address(assignment))
    page.get_by_text("Versie 1 van").click()
    first = page.locator(".earlier").last
    expect(first.locator("del")).to_have_text("eerst")
    expect(first.locator("ins")).to_have_text("later")
    expect(first.get_by_role("link")).to_have_count(0)
    cache.clear()  # the cached comparison of the first page
    page_without_javascript = open_page(user=teacher, javascript=False)
    page_without_javascript.goto(desk_address(assignment))
    page_without_javascript.get_by_text("Versie 1 van").click()
    page_without_javascript.locator(".earlier a").last.click()
    expect(page_without_javascript.get_by_role("heading", name="Wat er na versie 1 veranderde")).to_be_visible()
    expect(page_without_javascript.locator("ins")).to_have_text("later")


@pytest.fixture
def two_answers(teacher):
    assignment = AssignmentFactory(
        module=ModuleFactory(teacher=teacher), case=published_case(kolbs=["doener", "denker"])
    )
    student = enrol(assignment.module)
    return [hand_in(assignment, student, number) for number in (0, 1)]


def test_reload_returns_to_the_same_answer(open_page, teacher, two_answers):
    page = open_page(user=teacher)
    last = two_answers[1]
    page.goto(f"{desk_address(last.answer.assignment)}?antwoord={last.pk}#antwoord-{last.pk}")
    expect(page.locator(f"#antwoord-{last.pk}")).to_be_focused()
    page.reload()
    expect(page.locator(f"#antwoord-{last.pk}")).to_be_focused()


def test_action_on_the_last_unread_answer_returns_to_it(open_page, teacher, two_answers):
    page = open_page(user=teacher)
    first = two_answers[0]
    page.goto(desk_address(first.answer.assignment))
    write(page, TEXT)
    expect(save_line(page)).to_contain_text(SAVED)
    page.locator(f"#antwoord-{first.pk}").get_by_role("button", name="Maak ongedaan").click()
    expect(page.get_by_text("Ongedaan gemaakt.")).to_be_visible()
    expect(page.locator(f"#antwoord-{first.pk} .messages")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(f"#antwoord-{first.pk}").get_by_label("Jouw feedback")).to_be_focused()


def test_new_submission_is_announced_until_it_is_on_the_page(open_page, teacher, assignment, submission):
    page = open_page(user=teacher)
    page.clock.install()
    page.goto(desk_address(assignment))
    page.keyboard.press("j")
    new_submission = hand_in(assignment, enrol(assignment.module))
    page.clock.fast_forward(POLL)
    page.get_by_role("link", name="Laat zien", exact=True).click()
    expect(page.locator(f"#antwoord-{new_submission.pk}")).to_be_visible()
    with page.expect_response(lambda response: "/feedback/nu/" in response.url):
        page.reload()
    page.wait_for_timeout(200)
    expect(page.get_by_text("Er is intussen nieuw ingeleverd.")).to_have_count(0)


@pytest.mark.parametrize("key", ["j", "k"])
def test_enter_beyond_the_first_or_last_answer_releases_nothing(open_page, assignment, submission, teacher, key):
    feedback.save(author=teacher, submission=submission, draft=Draft("Half af"))
    page = open_page(user=teacher)
    page.goto(desk_address(assignment))
    page.keyboard.press("j")
    page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    assert not Feedback.objects.released().exists()
    expect(page.get_by_text("Vrijgegeven:")).to_have_count(0)


def test_saving_from_the_search_field_of_the_bank_inserts_nothing(open_page, assignment, submission, teacher):
    Comment.objects.create(owner=teacher, text="Wijs een zin aan.")
    page = open_page(user=teacher)
    page.goto(desk_address(assignment))
    write(page, "Goed begin.")
    page.keyboard.press("Alt+b")
    page.keyboard.press("Control+Enter")
    expect(save_line(page)).to_contain_text(SAVED)
    expect(field(page)).to_have_value("Goed begin.")
    assert stored_feedback()[0] == "Goed begin."


def test_single_letter_keys_can_be_switched_off(desk):
    desk.keyboard.press("?")
    keys = desk.get_by_role("dialog", name="Toetsen")
    keys.get_by_label("Gebruik losse letters als toets").uncheck()
    keys.get_by_role("button", name="Sluit").click()
    desk.reload()
    desk.keyboard.press("v")
    desk.keyboard.press("?")
    expect(desk.get_by_role("dialog")).to_be_hidden()
    desk.get_by_role("button", name="Toetsen").click()
    expect(keys).to_be_visible()
    assert Submission.objects.count() == 1


def test_different_verdict_of_another_tab_is_a_conflict(desk, expected_problems):
    expected_problems.append("status of 409")
    write(desk, TEXT)
    expect(save_line(desk)).to_contain_text(SAVED)
    other = open_another_tab(desk)
    with desk.expect_response(lambda response: response.request.method == "POST"):
        desk.get_by_label("graag aanvullen").check()
    expect(save_line(desk)).to_contain_text(SAVED)
    other.get_by_role("button", name="Geef vrij", exact=True).first.click()
    panel = other.get_by_role("region", name="Twee teksten")
    expect(panel.locator("[data-mine-choice]")).to_have_text("gelezen")
    expect(panel.locator("[data-stored-choice]")).to_have_text("graag aanvullen")
    panel.get_by_role("button", name="Neem de opgeslagen tekst").click()
    expect(other.get_by_label("graag aanvullen")).to_be_checked()
    assert stored_feedback() == (TEXT, "aanvullen")
    assert not Feedback.objects.released().exists()


def test_all_answers_can_be_read_by_keyboard_without_waiting_for_replies(open_page, assignment, teacher):
    for number in range(27):
        hand_in(
            assignment,
            enrol(assignment.module, UserFactory(name=f"Student {number:02}")),
            text=f"Antwoord {number:02}.",
        )
    page = open_page(user=teacher)
    page.goto(desk_address(assignment))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    for number in range(25):
        page.keyboard.type(f"Bij {number:02}.")
        page.keyboard.press("Control+Enter")
    page.keyboard.press("Enter")  # the link to the next page has the focus
    page.get_by_role("article").nth(1).wait_for()
    expect(page.get_by_role("article")).to_have_count(2)
    wait_for_copies(page, 0)
    saved_feedback = Feedback.objects.order_by("submission__answer__student__name").values_list(
        "submission__answer__text", "text", "verdict"
    )
    assert list(saved_feedback) == [(f"Antwoord {n:02}.", f"Bij {n:02}.", "gelezen") for n in range(25)]


def test_release_buttons_count_what_this_page_saved(open_page, assignment, submission, teacher):
    second = hand_in(assignment, enrol(assignment.module, UserFactory(name="Cato Visser")))
    page = open_page(user=teacher)
    page.goto(desk_address(assignment))
    expect(page.get_by_text("Er staat geen feedback van jou klaar.")).to_be_visible()
    expect(page.get_by_role("button", name="Geef alles vrij")).to_be_hidden()
    for number, each in enumerate((submission, second), start=1):
        page.locator(f"#antwoord-{each.pk}").get_by_label("afgerond").check()
        expect(page.get_by_role("button", name=f"Geef alles vrij ({number})")).to_be_visible()
    expect(page.get_by_text("Bij 2 antwoorden van deze opdracht staat feedback klaar")).to_be_visible()
    page.locator(f"#antwoord-{second.pk}").get_by_role("button", name="Geef vrij", exact=True).click()
    expect(page.get_by_role("button", name="Geef alles vrij (1)")).to_be_visible()
    page.get_by_role("button", name="Geef alles vrij (1)").click()
    expect(page.get_by_text("Vrijgegeven: bij 1 antwoord.")).to_be_visible()
    assert Feedback.objects.released().count() == 2


def test_text_typed_just_before_a_release_is_saved_and_asked_about(open_page, assignment, submission, teacher):
    second = hand_in(assignment, enrol(assignment.module, UserFactory(name="Cato Visser")))
    feedback.save(author=teacher, submission=submission, draft=Draft("Mooi."))
    page = open_page(user=teacher)
    page.goto(desk_address(assignment))
    page.locator(f"#antwoord-{second.pk}").get_by_label("Jouw feedback").fill("Net getypt.")
    page.get_by_role("button", name="Geef alles vrij").click()
    expect(page.get_by_role("heading", name="Er staat meer klaar dan je zag")).to_be_visible()
    assert list(Feedback.objects.released().values_list("text", flat=True)) == ["Mooi."]
    page.get_by_role("button", name="Geef deze ook vrij (1)").click()
    expect(page.get_by_text("Vrijgegeven: bij 1 antwoord.")).to_be_visible()
    assert not Feedback.objects.waiting_for_release().exists()
    page.get_by_role("button", name="Maak ongedaan (1)").click()
    expect(page.get_by_text("Teruggenomen bij 1 antwoord.")).to_be_visible()
    assert Feedback.objects.released().count() == 1


@pytest.fixture
def class_desk(open_page, teacher):
    """Return the desk of an assignment of two questions with three answers to the first and one to the second."""
    module = ModuleFactory(teacher=teacher)
    assignment = AssignmentFactory(module=module, case=published_case(kolbs=["doener", "denker"]))
    students = [enrol(module, UserFactory(name=name)) for name in ("Aylin", "Bram", "Cato")]
    for student in students:
        hand_in(assignment, student)
    hand_in(assignment, students[0], 1)
    page = open_page(user=teacher)
    page.goto(desk_address(assignment))
    return page


def test_numbers_follow_each_save_and_the_end_leads_to_the_next_question(class_desk):
    tab = class_desk.get_by_role("navigation", name="Vragen").get_by_role("link").first
    header = class_desk.get_by_text("4 nog te lezen", exact=True)
    expect(header).to_be_visible()
    expect(class_desk.get_by_text("0 van 3 gelezen")).to_be_visible()
    field(class_desk).focus()
    for number, left in enumerate((2, 1, 0), start=1):
        class_desk.keyboard.press("Control+Enter")
        expect(tab).to_have_accessible_name(re.compile(rf"\b{left} nog te lezen"))
        expect(class_desk.get_by_text(f"{number} van 3 gelezen")).to_be_visible()
        expect(class_desk.locator("header strong")).to_have_text(f"{left + 1} nog te lezen")
    expect(class_desk.get_by_role("article").get_by_text("nog te lezen")).to_have_count(0)
    onward = class_desk.get_by_role("link", name="Naar vraag 2 (1 te lezen)")
    expect(onward).to_be_focused()
    class_desk.keyboard.press("Enter")
    expect(class_desk.get_by_text("0 van 1 gelezen")).to_be_visible()
    class_desk.keyboard.press("1")
    expect(class_desk.get_by_role("link", name="Dit was de laatste. Naar het vrijgeven")).to_be_visible()


def test_second_save_of_an_answer_is_not_counted_again(class_desk):
    write(class_desk, "Mooi")
    expect(class_desk.get_by_text("1 van 3 gelezen")).to_be_visible()
    write(class_desk, " gezien.")
    field(class_desk).blur()
    expect(save_line(class_desk)).to_contain_text("nog niet vrijgegeven")
    expect(class_desk.get_by_text("1 van 3 gelezen")).to_be_visible()
    expect(class_desk.get_by_text("3 nog te lezen", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("keys", "verdict"),
    [
        (["Control+Enter"], "gelezen"),
        (["Control+Shift+Enter"], "aanvullen"),
        (["Alt+3", "Control+Enter"], "afgerond"),
        (["Alt+3", "Control+Shift+Enter"], "aanvullen"),
    ],
)
def test_verdicts_can_be_chosen_in_the_field(class_desk, keys, verdict):
    write(class_desk, "Mooi.")
    for key in keys:
        class_desk.keyboard.press(key)
    expect(class_desk.get_by_label("Jouw feedback").nth(1)).to_be_focused()
    expect(class_desk.get_by_text("1 van 3 gelezen")).to_be_visible()
    expect(save_line(class_desk)).to_contain_text("nog niet vrijgegeven")
    assert stored_feedback() == ("Mooi.", verdict)


def test_answer_is_pinned_with_a_key_without_loading_the_page_again(class_desk):
    class_desk.evaluate("window.isSamePage = true")
    first = class_desk.get_by_role("article").first
    class_desk.keyboard.press("j")
    for key_message, count in (("Staat klaar voor op het scherm.", 1), ("Staat niet meer op het scherm.", 0)):
        class_desk.keyboard.press("l")
        expect(first.get_by_text(key_message)).to_be_visible()
        assert PinnedAnswer.objects.count() == count
    first.get_by_role("button", name="Laat zien in de klas").click()
    expect(first.get_by_role("button", name="Niet meer in de klas laten zien")).to_be_focused()
    assert class_desk.evaluate("window.isSamePage")
    class_desk.get_by_role("button", name="Toetsen").click()
    class_desk.get_by_label("Gebruik losse letters als toets").uncheck()
    class_desk.get_by_role("dialog").get_by_role("button", name="Sluit").click()
    first.press("l")
    expect(first.get_by_role("button", name="Niet meer in de klas laten zien")).to_be_visible()
    assert PinnedAnswer.objects.count() == 1


COVERED = """async () => {
  const frame = () => new Promise(requestAnimationFrame); // the browser scrolls to the focused element in the next one
  await frame();
  await frame();
  const at = document.activeElement, box = at.getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const points = [[x, y], [box.x + 2, y], [box.right - 2, y], [x, box.y + 2], [x, box.bottom - 2]];
  const isSeen = ([left, top]) => {
    const hit = document.elementFromPoint(left, top);
    return hit && (at.contains(hit) || hit.contains(at) || at.labels?.[0]?.contains(hit));
  };
  return at === document.body || points.some(isSeen) ? "" : at.outerHTML.slice(0, 200);
}"""


@pytest.mark.parametrize(("width", "height"), [(1280, 640), (1280, 600), (320, 256)])
@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
def test_focused_element_is_never_covered_at_the_desk(class_desk, width, height, key):
    class_desk.emulate_media(reduced_motion="reduce")  # scrolling takes no time
    class_desk.set_viewport_size({"width": width, "height": height})
    class_desk.get_by_role("checkbox", name="Kies Aylin").check()
    covered = []
    for _each in range(90):
        class_desk.keyboard.press(key)
        covered.append(class_desk.evaluate(COVERED))
    assert list(filter(None, covered)) == []


def test_compact_view_has_four_answers_on_a_screen_and_is_remembered(class_desk, teacher):
    enrolment = teacher.enrolments.get()
    assignment = enrolment.module.assignments.get()
    words = "Ik ga eerst langs zonder lijstje, gewoon voor een kop koffie, en vraag dan wat zij zelf het eerst doet. "
    for number in range(5):
        hand_in(assignment, enrol(enrolment.module, UserFactory(name=f"Zeb {number}")), text=words * 2)
    class_desk.set_viewport_size({"width": 1280, "height": 800})
    class_desk.get_by_role("button", name="Kort").click()
    expect(class_desk.get_by_role("button", name="Kort")).to_have_attribute("aria-pressed", "true")
    class_desk.reload()
    replies = class_desk.get_by_role("article")
    expect(replies).to_have_count(8)
    boxes = [replies.nth(number).bounding_box() for number in (3, 6)]
    assert boxes[1]["y"] + boxes[1]["height"] - boxes[0]["y"] < 800 - 64  # four answers, below the tabs
    panel = replies.nth(3).get_by_role("form")
    feedback_field, verdict = panel.get_by_label("Jouw feedback"), panel.locator("label", has_text="gelezen")
    tops = [each.bounding_box()["y"] for each in (feedback_field, verdict)]
    assert abs(tops[0] - tops[1]) < 4
    before = feedback_field.bounding_box()["height"]
    feedback_field.fill("Een regel.\n" * 4)
    assert feedback_field.bounding_box()["height"] > before + 40
    class_desk.get_by_role("button", name="Ruim").click()
    expect(class_desk.get_by_role("button", name="Ruim")).to_have_attribute("aria-pressed", "true")


def test_choosing_another_answer_with_the_mouse_in_the_compact_view_moves_nothing(class_desk):
    class_desk.get_by_role("button", name="Kort").click()
    expect(class_desk.get_by_role("button", name="Kort")).to_have_attribute("aria-pressed", "true")
    replies = class_desk.get_by_role("article")
    replies.first.get_by_label("Jouw feedback").click()
    replies.nth(1).locator("label", has_text="afgerond").click()
    expect(replies.nth(1).get_by_label("afgerond")).to_be_checked()
    expect(class_desk.get_by_text("1 van 3 gelezen")).to_be_visible()


@pytest.mark.parametrize(
    ("keys", "verdict"),
    [
        (["Control+Enter"], "gelezen"),
        (["Control+Shift+Enter"], "aanvullen"),
        (["Alt+3", "Control+Enter"], "afgerond"),
    ],
)
def test_text_with_a_question_and_no_verdict_asks_for_one_once(class_desk, keys, verdict):
    write(class_desk, "Waarom?")
    expect(save_line(class_desk)).to_contain_text("nog niet vrijgegeven")  # with the default verdict
    class_desk.keyboard.press("Control+Enter")
    expect(class_desk.get_by_text("Je stelt een vraag. Moet de student verder?")).to_be_visible()
    expect(field(class_desk)).to_be_focused()
    for key in keys:
        class_desk.keyboard.press(key)
    expect(class_desk.get_by_label("Jouw feedback").nth(1)).to_be_focused()
    expect(class_desk.get_by_text("Je stelt een vraag.")).to_have_count(0)
    expect(class_desk.get_by_text("1 van 3 gelezen")).to_be_visible()
    expect(save_line(class_desk)).to_contain_text("nog niet vrijgegeven")
    assert stored_feedback() == ("Waarom?", verdict)


def test_question_is_not_released_as_read_without_asking(class_desk):
    write(class_desk, "Waarom?")
    class_desk.get_by_role("button", name="Geef vrij", exact=True).first.click()
    notice = class_desk.get_by_text("Je stelt een vraag. Moet de student verder?")
    expect(notice).to_be_visible()
    assert not Feedback.objects.released().exists()
    class_desk.get_by_role("button", name="Graag aanvullen").first.click()
    expect(notice).to_have_count(0)
    expect(save_line(class_desk)).to_contain_text("nog niet vrijgegeven")
    assert stored_feedback() == ("Waarom?", "aanvullen")


def test_chosen_verdict_and_the_focus_differ_in_forced_colours(open_page, teacher, assignment, submission):
    page = open_page(user=teacher, forced_colors="active")
    page.goto(desk_address(assignment))
    label = page.locator(".verdict label").nth(1)
    label.click()
    look = "({ borderTopWidth, outlineStyle }) => [borderTopWidth, outlineStyle]"
    page.get_by_label("Jouw feedback").focus()
    assert label.evaluate(f"label => ({look})(getComputedStyle(label))") == ["3px", "none"]
    page.keyboard.press("Tab")
    assert label.evaluate(f"label => ({look})(getComputedStyle(label))") == ["3px", "solid"]


def test_first_sentence_of_the_bank_is_announced_while_searching(desk, teacher):
    Comment.objects.create(owner=teacher, text="Waar in het verhaal zie je dat?")
    desk.reload()
    desk.keyboard.press("j")
    desk.keyboard.press("b")
    desk.keyboard.type("verh")
    status = desk.locator("#meldingen[role=status]")
    expect(status).to_have_text("Enter voegt in: Waar in het verhaal zie je dat?")
    desk.keyboard.type("xyz")
    expect(status).to_have_text("Geen zin gevonden.")
