"""A reply that is not from the site never counts as a save: a table of ways to send text, and of foreign replies.

Captive portals, proxies and login pages respond with all kinds of statuses. A reply counts only if it is ours
(static/js/reply.js); after any other one the text is still on the device, and is sent when the network is back.
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


class AnswerWriter:
    """A student who writes an answer for an assignment."""

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


class OwnStudyWriter(AnswerWriter):
    """A user who writes an answer of own study."""

    def __init__(self, assignment, teacher):
        super().__init__(assignment, teacher)
        self.user, self.case = UserFactory(), assignment.edition.case

    @property
    def url(self) -> str:
        return self.case.get_absolute_url()

    def open(self, page) -> None:
        page.goto(self.url)
        page.get_by_text("Antwoord voor jezelf").first.click()


class FeedbackWriter(AnswerWriter):
    """A teacher who writes feedback."""

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


class HandInButton(AnswerWriter):
    """A student who hands in an answer; saves get a foreign reply too."""

    address = "**/{antwoord,inleveren}/**"

    def write(self, page) -> None:
        page.get_by_label(self.label).fill(TEXT)
        page.get_by_role("button", name="Lever in").click()
        expect(page.locator("[data-hand-in-note]")).to_contain_text("ingeleverd")
        assert not Submission.objects.exists()


class CopySentByAnotherPage(AnswerWriter):
    """A copy of an earlier page, which any other page sends."""

    def write(self, page) -> None:
        """Write a text on a page that cannot send anything, not even while it is being closed."""
        page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('no network')); }")
        page.get_by_label(self.label).fill(TEXT)
        page.goto("/over/")
        page.evaluate("dispatchEvent(new Event('focus'))")


WRITERS = [AnswerWriter, OwnStudyWriter, FeedbackWriter, HandInButton, CopySentByAnotherPage]


def reply_with(page, address: str, reply: dict | None) -> None:
    page.context.route(address, lambda route: route.fulfill(**reply) if reply else route.abort("connectionreset"))


def record_save_lines(page) -> None:
    """Record every text that a save line shows, on all pages of this tab."""
    page.add_init_script("""
        const note = () => document.querySelectorAll("[data-said]").forEach((line) => {
            const said = JSON.parse(sessionStorage.said ?? "[]");
            if (!line.textContent || said.includes(line.textContent)) return;
            sessionStorage.said = JSON.stringify([...said, line.textContent]);
        });
        new MutationObserver(note).observe(document, { subtree: true, childList: true, characterData: true });""")


@contextmanager
def wait_for_reply(page) -> Iterator[None]:
    """Wait for the reply to a POST that is sent in the block, and a moment more until the page has handled it."""
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
@pytest.mark.parametrize("writer_class", WRITERS)
def test_foreign_reply_never_counts_as_a_save(open_page, assignment, teacher, writer_class, reply):
    writer = writer_class(assignment, teacher)
    page = open_page(user=writer.user)
    record_save_lines(page)
    reply_with(page, writer.address, REPLIES[reply])
    writer.open(page)
    with wait_for_reply(page):
        writer.write(page)
    assert count_copies(page, writer.prefix) == 1
    assert writer.stored_texts() == []
    assert "Opgeslagen" not in page.evaluate("sessionStorage.said ?? ''")
    assert page.get_by_role("region", name="Twee teksten").count() == 0

    page.context.unroute(writer.address)
    with page.expect_response(lambda each: each.request.method == "POST" and each.status == 200):
        writer.send_again(page)
    assert writer.stored_texts() == [TEXT]


@pytest.mark.parametrize("reply", REPLIES)
def test_form_of_a_case_is_on_the_device_after_a_foreign_reply(open_page, transactional_db, reply):
    page = open_page(user=UserFactory(groups=["Redactie"]))
    page.goto("/beheer/cases/case/add/")
    page.get_by_label("Titel").fill("De dagbesteding")
    page.get_by_label("Inleiding").fill(TEXT)
    reply_with(page, "**/beheer/cases/case/add/", REPLIES[reply])
    with wait_for_reply(page):
        page.get_by_role("button", name="Opslaan en verder schrijven", exact=True).last.click(no_wait_after=True)
    page.context.unroute("**/beheer/cases/case/add/")
    page.goto("/beheer/")
    assert count_copies(page, EDITING) == 1
    assert not Case.objects.exists()
    page.goto("/beheer/cases/case/add/")
    page.get_by_role("button", name="Terugzetten").click()
    expect(page.get_by_label("Inleiding")).to_have_value(TEXT)
