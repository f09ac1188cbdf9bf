"""What can go wrong while a teacher writes feedback really goes wrong here, and no word of it is lost."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from casebook.lib.text_diff import kept
from questions.actions import answering, feedback
from questions.actions.saving import Draft
from questions.models import Comment, Feedback, FeedbackVersion, Role, Submission
from tests.browser.conftest import session_cookie
from tests.browser.device import count_copies, wait_for_copies
from tests.browser.student_desk import open_another_tab
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, hand_in

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.writes

SAVED = "Opgeslagen"
ON_DEVICE = "Nog niet verzonden, bewaard op dit apparaat"
PASSWORD = "een-lang-wachtwoord"
TEXT = "Waar zie je dat in het verhaal?"
POLL = 11_000  # milliseconds: the desk looks around every ten seconds


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


def address(assignment) -> str:
    return reverse("questions:assignment_feedback", args=[assignment.pk])


@pytest.fixture
def desk(open_page, assignment, submission, teacher):
    page = open_page(user=teacher)
    page.goto(address(assignment))
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


def test_every_script_is_there_once_under_its_collected_name(desk):
    names = "performance.getEntriesByType('resource').map(entry => entry.name.split('/js/')[1]).filter(Boolean)"
    loaded = sorted(desk.evaluate(names))
    scripts = ["device", "feedback", "field", "outbox", "reply", "save_state", "text", "writing"]
    assert [name.split(".")[0] for name in loaded] == scripts
    assert all(re.fullmatch(r"[a-z_]+\.[0-9a-f]{12}\.js", name) for name in loaded)


def test_a_pause_is_enough_and_the_student_sees_nothing(desk):
    write(desk, TEXT)
    expect(save_line(desk)).to_contain_text("nog niet vrijgegeven")
    assert stored_feedback() == (TEXT, "gelezen")
    assert count_copies(desk) == 0
    assert not Feedback.objects.released().exists()


def test_a_verdict_alone_is_saved(desk):
    with desk.expect_response(lambda response: response.request.method == "POST"):
        desk.get_by_label("afgerond").check()
    expect(save_line(desk)).to_contain_text(SAVED)
    assert stored_feedback() == ("", "afgerond")


def test_a_tab_closed_in_mid_word(desk):
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


def test_a_tab_closed_with_a_verdict_and_no_text(desk):
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


def test_the_network_goes_and_comes_back(desk):
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


def test_feedback_that_was_left_behind_goes_out_from_any_page(desk):
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


def test_the_session_expires_and_signing_in_again_sends_the_text(desk, teacher, expected_problems):
    expected_problems.append("status of 401")
    write(desk, "Mooi")
    expect(save_line(desk)).to_contain_text(SAVED)
    Session.objects.all().delete()
    write(desk, " gezien")
    dialog = desk.get_by_role("dialog", name="Je bent uitgelogd")
    expect(dialog).to_be_visible()
    dialog.get_by_label("E-mailadres").fill(teacher.email)
    dialog.get_by_label("Wachtwoord").fill(PASSWORD)
    dialog.get_by_role("button", name="Log in en ga verder").click()
    expect(save_line(desk)).to_contain_text(SAVED)
    assert stored_feedback()[0] == "Mooi gezien"


@pytest.mark.parametrize(("choice", "winner"), [("Verder met deze tekst", 1), ("Neem de opgeslagen tekst", 0)])
def test_two_tabs_of_one_teacher(desk, expected_problems, choice, winner):
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


def test_what_is_typed_while_two_texts_wait_is_kept(desk, teacher, submission, expected_problems):
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


def test_choosing_between_two_texts_keeps_the_third(desk, teacher, submission, expected_problems):
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


def test_what_is_taken_out_again_at_once_does_not_come_back(desk):
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


def test_a_release_without_an_answer_says_how_it_stands(desk):
    write(desk, "Mooi.")
    expect(save_line(desk)).to_contain_text("nog niet vrijgegeven")
    desk.context.set_offline(True)
    desk.get_by_role("button", name="Geef vrij", exact=True).first.click()
    expect(save_line(desk)).to_contain_text(ON_DEVICE)
    desk.context.set_offline(False)
    expect(save_line(desk)).to_contain_text("nog niet vrijgegeven")
    assert count_copies(desk) == 0


def test_two_teachers_each_have_their_own_and_see_each_other(open_page, desk, assignment):
    colleague = enrol(assignment.module, UserFactory(name="Hakan Demir"), role=Role.TEACHER).user
    other = open_page(user=colleague)
    other.clock.install()
    other.goto(address(assignment))
    write(desk, TEXT)
    expect(save_line(desk)).to_contain_text(SAVED)
    other.clock.fast_forward(POLL)
    expect(other.get_by_text("Karin schrijft nu")).to_be_visible()
    write(other, "Ik vind het sterk.")
    expect(save_line(other)).to_contain_text(SAVED)
    write(desk, " Leg uit.")
    expect(save_line(desk)).to_contain_text(SAVED)
    given = Feedback.objects.order_by("author__name").values_list("author__name", "text")
    assert list(given) == [("Hakan Demir", "Ik vind het sterk."), ("Karin Vos", TEXT + " Leg uit.")]
    assert not FeedbackVersion.objects.exists()


def test_somebody_else_signs_in_on_this_device(desk, live_server, expected_problems):
    expected_problems.append("status of 409")
    someone = UserFactory()
    desk.context.add_cookies([session_cookie(someone, live_server.url)])
    write(desk, TEXT)
    expect(desk.get_by_role("heading", name="Hier is nu iemand anders ingelogd")).to_be_visible()
    expect(field(desk)).to_be_hidden()
    assert not Feedback.objects.exists()


def test_the_student_takes_it_back_while_the_teacher_types(desk, submission, expected_problems):
    expected_problems.append("status of 410")
    assert answering.take_back(submission=submission)
    write(desk, TEXT)
    expect(save_line(desk)).to_contain_text("De student heeft dit antwoord teruggenomen")
    assert count_copies(desk) == 1
    assert not Feedback.objects.exists()


def test_released_feedback_can_be_changed_and_is_shown_when_released_again(desk):
    write(desk, "Mooi.")
    expect(save_line(desk)).to_contain_text("nog niet vrijgegeven")
    desk.get_by_role("button", name="Geef vrij", exact=True).first.click()
    expect(save_line(desk)).to_contain_text(", vrijgegeven")
    write(desk, " Nog iets.")
    expect(save_line(desk)).to_contain_text("wijziging nog niet vrijgegeven")
    given = Feedback.objects.get()
    assert (given.shown_text, given.text) == ("Mooi.", "Mooi. Nog iets.")
    desk.get_by_role("button", name="Geef vrij", exact=True).first.click()
    expect(save_line(desk)).to_contain_text(", vrijgegeven")
    assert Feedback.objects.get().shown_text == "Mooi. Nog iets."


def test_an_answer_taken_back_does_not_stop_the_release_of_others(
    open_page, assignment, submission, teacher, expected_problems
):
    expected_problems.append("status of 410")
    second = hand_in(assignment, enrol(assignment.module))
    feedback.save(author=teacher, submission=second, draft=Draft("Klaar."))
    page = open_page(user=teacher)
    page.goto(address(assignment))
    assert answering.take_back(submission=submission)
    gone = page.locator(f"#antwoord-{submission.pk}")
    gone.get_by_label("Jouw feedback").fill("Te laat.")
    expect(gone.locator("[data-saveline]")).to_contain_text("teruggenomen")
    page.get_by_role("button", name="Geef alles vrij (1)").click()
    expect(page.get_by_text("Vrijgegeven: bij 1 antwoord.")).to_be_visible()
    assert count_copies(page) == 1


def test_a_comment_from_the_bank_is_text_like_any_other(open_page, assignment, submission, teacher):
    Comment.objects.create(owner=teacher, text="Wijs een zin aan.")
    Comment.objects.create(owner=teacher, text="Wat deed dat met jou?")
    page = open_page(user=teacher)
    page.goto(address(assignment))
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


def test_what_one_writes_for_the_third_time_is_offered_for_the_bank(open_page, assignment, teacher):
    people = [enrol(assignment.module) for _each in range(3)]
    submissions = [hand_in(assignment, person) for person in people]
    for submission in submissions[:2]:
        feedback.save(author=teacher, submission=submission, draft=Draft(TEXT))
    page = open_page(user=teacher)
    page.goto(address(assignment))
    reply = page.locator(f"#antwoord-{submissions[2].pk}")
    reply.get_by_label("Jouw feedback").press_sequentially(TEXT)
    reply.get_by_role("button", name="Bewaar in je zinnen").click()
    expect(reply.get_by_role("button", name=TEXT)).to_be_visible()
    assert list(Comment.objects.values_list("owner", "text")) == [(teacher.pk, TEXT)]


def test_the_same_for_a_selection_can_be_undone(open_page, assignment, teacher):
    submissions = [hand_in(assignment, enrol(assignment.module)) for _each in range(3)]
    page = open_page(user=teacher)
    page.goto(address(assignment))
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


def test_names_are_hidden_on_request_and_stay_hidden(desk):
    expect(desk.get_by_role("heading", name="Bram Kuipers")).to_be_visible()
    desk.get_by_role("button", name="Verberg namen").click()
    expect(desk.get_by_role("button", name="Toon namen")).to_be_visible()
    assert "Bram" not in desk.content()
    desk.keyboard.press("j")
    desk.keyboard.press("w")
    expect(desk.get_by_role("heading", level=2, name="Student")).to_be_visible()
    assert "Bram" not in desk.content()
    assert "Bram" not in desk.url


def test_without_a_script_it_works_too(open_page, assignment, submission, teacher):
    page = open_page(user=teacher, javascript=False)
    page.goto(address(assignment))
    field(page).fill(TEXT)
    page.get_by_label("graag aanvullen").check()
    page.get_by_role("button", name="Bewaar en volgende").click()
    expect(page.get_by_text("Opgeslagen, nog niet vrijgegeven.")).to_be_visible()
    assert stored_feedback() == (TEXT, "aanvullen")
    page.get_by_role("button", name="Geef vrij", exact=True).first.click()
    expect(page.get_by_text("Opgeslagen, vrijgegeven.")).to_be_visible()
    assert Feedback.objects.released().count() == 1


def test_without_a_script_a_conflict_gives_the_text_back(open_page, assignment, submission, teacher, expected_problems):
    expected_problems.append("status of 409")
    page = open_page(user=teacher, javascript=False)
    page.goto(address(assignment))
    feedback.save(author=teacher, submission=submission, draft=Draft("Van thuis."))
    field(page).fill("Van school.")
    page.get_by_label("afgerond").check()
    page.get_by_role("button", name="Bewaar en volgende").click()
    expect(page.get_by_text("Van thuis.")).to_be_visible()
    expect(page.get_by_label("Wat je schreef")).to_have_value("Van school.")
    page.get_by_role("button", name="Verstuur opnieuw").click()
    expect(page.get_by_text("Opgeslagen, nog niet vrijgegeven.")).to_be_visible()
    assert stored_feedback() == ("Van school.", "afgerond")


def test_undoing_gives_the_field_back_empty_and_keeps_the_text(desk):
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
def test_undoing_the_only_verdict_leaves_the_answer_to_be_read(desk, pause):
    desk.keyboard.press("j")
    desk.keyboard.press("3")
    desk.wait_for_timeout(pause)
    desk.keyboard.press("z")
    expect(desk.get_by_label("afgerond")).not_to_be_checked()
    expect(desk.get_by_label("gelezen")).not_to_be_checked()
    desk.wait_for_timeout(1200)
    assert not Feedback.objects.exists()
    assert count_copies(desk) == 0


def test_the_story_is_one_key_away(desk, assignment, submission):
    desk.keyboard.press("j")
    desk.keyboard.press("v")
    panel = desk.get_by_role("dialog", name="Vraag en verhaal")
    expect(panel).to_contain_text(assignment.edition.case.title)
    desk.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(desk.locator(f"#antwoord-{submission.pk}")).to_be_focused()


def test_opening_an_older_version_shows_what_changed_after_it(open_page, assignment, submission, teacher):
    """With a script in its place; without one a link leads to the same."""
    student = assignment.module.enrolments.get(role=Role.STUDENT)
    for text in ("Ik bel later.", "Ik bel nu."):
        hand_in(assignment, student, text=text)
    page = open_page(user=teacher)
    page.goto(address(assignment))
    page.get_by_text("Versie 1 van").click()
    first = page.locator(".earlier").last
    expect(first.locator("del")).to_have_text("eerst")
    expect(first.locator("ins")).to_have_text("later")
    expect(first.get_by_role("link")).to_have_count(0)
    kept.clear()  # what the server compared for the first page
    bare = open_page(user=teacher, javascript=False)
    bare.goto(address(assignment))
    bare.get_by_text("Versie 1 van").click()
    bare.locator(".earlier a").last.click()
    expect(bare.get_by_role("heading", name="Wat er na versie 1 veranderde")).to_be_visible()
    expect(bare.locator("ins")).to_have_text("later")


@pytest.fixture
def two_answers(teacher):
    assignment = AssignmentFactory(
        module=ModuleFactory(teacher=teacher), case=published_case(kolbs=["doener", "denker"])
    )
    student = enrol(assignment.module)
    return [hand_in(assignment, student, number) for number in (0, 1)]


def test_a_reload_stays_at_the_answer(open_page, teacher, two_answers):
    page = open_page(user=teacher)
    last = two_answers[1]
    page.goto(f"{address(last.answer.assignment)}?antwoord={last.pk}#antwoord-{last.pk}")
    expect(page.locator(f"#antwoord-{last.pk}")).to_be_focused()
    page.reload()
    expect(page.locator(f"#antwoord-{last.pk}")).to_be_focused()


def test_an_act_on_the_last_answer_to_read_comes_back_to_it(open_page, teacher, two_answers):
    page = open_page(user=teacher)
    first = two_answers[0]
    page.goto(address(first.answer.assignment))
    write(page, TEXT)
    expect(save_line(page)).to_contain_text(SAVED)
    page.get_by_role("button", name="Laat zien in de klas").click()
    expect(page.get_by_role("button", name="Niet meer in de klas")).to_be_visible()
    expect(page.locator(f"#antwoord-{first.pk}")).to_be_focused()


def test_what_came_in_is_told_until_it_is_on_the_page(open_page, teacher, assignment, submission):
    page = open_page(user=teacher)
    page.clock.install()
    page.goto(address(assignment))
    page.keyboard.press("j")
    late = hand_in(assignment, enrol(assignment.module))
    page.clock.fast_forward(POLL)
    page.get_by_role("link", name="Laat zien", exact=True).click()
    expect(page.locator(f"#antwoord-{late.pk}")).to_be_visible()
    with page.expect_response(lambda response: "/feedback/nu/" in response.url):
        page.reload()
    page.wait_for_timeout(200)
    expect(page.get_by_text("Er is intussen nieuw ingeleverd.")).to_have_count(0)


@pytest.mark.parametrize("key", ["j", "k"])
def test_enter_past_the_last_or_first_answer_releases_nothing(open_page, assignment, submission, teacher, key):
    feedback.save(author=teacher, submission=submission, draft=Draft("Half af"))
    page = open_page(user=teacher)
    page.goto(address(assignment))
    page.keyboard.press("j")
    page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    assert not Feedback.objects.released().exists()
    expect(page.get_by_text("Vrijgegeven:")).to_have_count(0)


def test_saving_from_the_search_of_the_bank_inserts_nothing(open_page, assignment, submission, teacher):
    Comment.objects.create(owner=teacher, text="Wijs een zin aan.")
    page = open_page(user=teacher)
    page.goto(address(assignment))
    write(page, "Goed begin.")
    page.keyboard.press("Alt+b")
    page.keyboard.press("Control+Enter")
    expect(save_line(page)).to_contain_text(SAVED)
    expect(field(page)).to_have_value("Goed begin.")
    assert stored_feedback()[0] == "Goed begin."


def test_single_letters_can_be_switched_off(desk):
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


def test_another_verdict_in_another_tab_is_not_overruled_in_silence(desk, expected_problems):
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


def test_a_whole_pile_by_keyboard_without_waiting_for_a_reply(open_page, assignment, teacher):
    for number in range(27):
        hand_in(
            assignment,
            enrol(assignment.module, UserFactory(name=f"Student {number:02}")),
            text=f"Antwoord {number:02}.",
        )
    page = open_page(user=teacher)
    page.goto(address(assignment))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    for number in range(25):
        page.keyboard.type(f"Bij {number:02}.")
        page.keyboard.press("Control+Enter")
    page.keyboard.press("Enter")  # the link to the rest of the pile has the focus
    page.get_by_role("article").nth(1).wait_for()
    expect(page.get_by_role("article")).to_have_count(2)
    wait_for_copies(page, 0)
    given = Feedback.objects.order_by("submission__answer__student__name").values_list(
        "submission__answer__text", "text", "verdict"
    )
    assert list(given) == [(f"Antwoord {n:02}.", f"Bij {n:02}.", "gelezen") for n in range(25)]
