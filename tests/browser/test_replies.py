"""Whatever answers in place of the site, no text is taken for saved: a table of what is sent and what comes back.

Portals of hotels and schools, proxies and login pages answer with statuses of their own. A reply counts only if it is
ours (static/js/reply.js); after any other one the words are still on the device, and arrive when the network is back.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.urls import reverse

from cases.models import Case
from questions.models import Answer, Feedback, Submission
from tests.browser.device import EDITING, WRITING, count_copies
from tests.factories import UserFactory, published_case
from tests.questions.factories import AssignmentFactory, ModuleFactory, enrol, hand_in

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.writes

TEXT = "Ik bel eerst haar dochter, die kent haar het best."
PAGE = "<!doctype html><title>Welkom</title><p>Log in op het netwerk."
HTML = {"content_type": "text/html", "body": PAGE}

REPLIES = {
    "200 with a page": {"status": 200, **HTML},
    "an empty 200": {"status": 200, "body": ""},
    "{}": {"status": 200, "content_type": "application/json", "body": "{}"},
    "a redirect to a login page": {"status": 302, "headers": {"Location": "/account/inloggen/"}},
    "403 with a page": {"status": 403, **HTML},
    "404": {"status": 404, **HTML},
    "407": {"status": 407, **HTML},
    "409": {"status": 409, **HTML},
    "410": {"status": 410, **HTML},
    "413": {"status": 413, **HTML},
    "429": {"status": 429, "content_type": "application/json", "body": '{"reason": "too many"}'},
    "502": {"status": 502, **HTML},
    "503": {"status": 503, **HTML},
    "gzip garbage": {"status": 200, "headers": {"Content-Encoding": "gzip"}, "body": "geen gzip"},
    "a truncated reply": {"status": 200, "headers": {"X-Revision": "1"}, "body": '{"result": "sav'},
    "no reply": None,
}


@pytest.fixture(autouse=True)
def expect_foreign_replies(expected_problems):
    expected_problems += ["net::ERR_", "status of 4", "status of 50", "Failed to load resource"]


@pytest.fixture
def assignment(teacher):
    return AssignmentFactory(module=ModuleFactory(teacher=teacher), case=published_case(kolbs=["doener"]))


class Answering:
    """What a student writes for an assignment."""

    label, address, prefix = "Jouw antwoord", "**/antwoord/**", WRITING

    def __init__(self, assignment, teacher):
        self.assignment = assignment
        self.user = enrol(assignment.module).user

    @property
    def url(self) -> str:
        return self.assignment.get_absolute_url()

    def open(self, page) -> None:
        page.goto(self.url)

    def write(self, page) -> None:
        page.get_by_label(self.label).first.fill(TEXT)
        page.get_by_label(self.label).first.blur()

    def stored_texts(self) -> list[str]:
        return list(Answer.objects.values_list("text", flat=True))

    def send_again(self, page) -> None:
        page.evaluate("dispatchEvent(new Event('online'))")


class OwnStudy(Answering):
    """What somebody writes at a case for themselves."""

    def __init__(self, assignment, teacher):
        super().__init__(assignment, teacher)
        self.user, self.case = UserFactory(), assignment.edition.case

    @property
    def url(self) -> str:
        return self.case.get_absolute_url()

    def open(self, page) -> None:
        page.goto(self.url)
        page.get_by_text("Antwoord voor jezelf").first.click()


class GivingFeedback(Answering):
    """What a teacher writes on an answer."""

    label, address = "Jouw feedback", "**/ingeleverd/**"

    def __init__(self, assignment, teacher):
        super().__init__(assignment, teacher)
        hand_in(assignment, enrol(assignment.module), text="Ik luister.")
        self.user = teacher

    @property
    def url(self) -> str:
        return reverse("questions:assignment_feedback", args=[self.assignment.pk])

    def stored_texts(self) -> list[str]:
        return list(Feedback.objects.values_list("text", flat=True))


class HandingIn(Answering):
    """The button with which a student hands in; saves get no reply either."""

    address = "**/{antwoord,inleveren}/**"

    def write(self, page) -> None:
        page.get_by_label(self.label).fill(TEXT)
        page.get_by_role("button", name="Lever in", exact=True).click()
        expect(page.locator("[data-hand-in-note]")).to_contain_text("ingeleverd")
        assert not Submission.objects.exists()


class SendingFromElsewhere(Answering):
    """A copy that an earlier page left behind, and that any other page sends."""

    def write(self, page) -> None:
        """The page that wrote it cannot send anything, not even while it closes."""
        page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('no network')); }")
        page.get_by_label(self.label).fill(TEXT)
        page.goto("/over/")
        page.evaluate("dispatchEvent(new Event('focus'))")


PLACES = [Answering, OwnStudy, GivingFeedback, HandingIn, SendingFromElsewhere]


def answer_with(page, address: str, reply: dict | None) -> None:
    page.context.route(address, lambda route: route.fulfill(**reply) if reply else route.abort("connectionreset"))


def note_what_is_said(page) -> None:
    """Every text that a save line ever shows, kept over pages of this tab."""
    page.add_init_script("""
        const note = () => document.querySelectorAll("[data-said]").forEach((line) => {
            const said = JSON.parse(sessionStorage.said ?? "[]");
            if (!line.textContent || said.includes(line.textContent)) return;
            sessionStorage.said = JSON.stringify([...said, line.textContent]);
        });
        new MutationObserver(note).observe(document, { subtree: true, childList: true, characterData: true });""")


@contextmanager
def replied(page) -> Iterator[None]:
    """Wait for the reply to a POST that is sent inside, and a moment more for what the page makes of it."""
    replies = []
    for event in ("requestfinished", "requestfailed"):
        page.on(event, lambda request: request.method == "POST" and replies.append(request))
    yield
    for _each in range(250):
        if replies:
            break
        page.wait_for_timeout(20)
    assert replies
    page.wait_for_timeout(50)


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("kind", PLACES)
def test_a_foreign_reply_is_never_taken_for_a_save(open_page, assignment, teacher, kind, reply):
    place = kind(assignment, teacher)
    page = open_page(user=place.user)
    note_what_is_said(page)
    answer_with(page, place.address, REPLIES[reply])
    place.open(page)
    with replied(page):
        place.write(page)
    assert count_copies(page, place.prefix) == 1
    assert place.stored_texts() == []
    assert "Opgeslagen" not in page.evaluate("sessionStorage.said ?? ''")
    assert page.get_by_role("region", name="Twee teksten").count() == 0

    page.context.unroute(place.address)
    with page.expect_response(lambda each: each.request.method == "POST" and each.status == 200):
        place.send_again(page)
    assert place.stored_texts() == [TEXT]


@pytest.mark.parametrize("reply", REPLIES)
def test_the_form_of_a_case_is_on_the_device_after_a_foreign_reply(open_page, transactional_db, reply):
    page = open_page(user=UserFactory(groups=["Redactie"]))
    page.goto("/beheer/cases/case/add/")
    page.get_by_label("Titel").fill("De dagbesteding")
    page.get_by_label("Inleiding").fill(TEXT)
    answer_with(page, "**/beheer/cases/case/add/", REPLIES[reply])
    with replied(page):
        page.get_by_role("button", name="Opslaan en verder schrijven", exact=True).last.click(no_wait_after=True)
    page.context.unroute("**/beheer/cases/case/add/")
    page.goto("/beheer/")
    assert count_copies(page, EDITING) == 1
    assert not Case.objects.exists()
    page.goto("/beheer/cases/case/add/")
    page.get_by_role("button", name="Terugzetten").click()
    expect(page.get_by_label("Inleiding")).to_have_value(TEXT)
