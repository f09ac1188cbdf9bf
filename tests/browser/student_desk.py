"""Fixtures and helpers for tests of the assignment desk of a student, with one question."""

import pytest

from questions.models import Answer, AnswerVersion
from tests.factories import published_case
from tests.questions.factories import AssignmentFactory, enrol

SAVED = "Opgeslagen"
ON_DEVICE = "Nog niet verzonden, bewaard op dit apparaat"
PASSWORD = "een-lang-wachtwoord"


@pytest.fixture
def assignment(transactional_db):
    return AssignmentFactory(case=published_case(kolbs=["doener"]))


@pytest.fixture
def student(assignment):
    student = enrol(assignment.module).user
    student.set_password(PASSWORD)
    student.save()
    return student


@pytest.fixture
def desk(open_page, assignment, student):
    page = open_page(user=student)
    page.goto(assignment.get_absolute_url())
    return page


def field(page):
    return page.get_by_label("Jouw antwoord")


def save_line(page):
    return page.locator("[data-saveline]")


def write(page, text: str) -> None:
    """Type the text key by key at the end of the field."""
    field(page).press("Control+End")
    field(page).press_sequentially(text)


def stored_text() -> str:
    return Answer.objects.get().text


def stored_versions() -> list[str]:
    return sorted(AnswerVersion.objects.values_list("text", flat=True))


def block_saves(page) -> None:
    page.route("**/antwoord/**", lambda route: route.abort())


def unblock_saves(page) -> None:
    page.unroute("**/antwoord/**")


class PendingRequests:
    """Intercepted requests that get no reply until continue_all() is called."""

    def __init__(self, page, address: str = "**/antwoord/**"):
        self.routes, self.is_open = [], False
        page.route(address, self.handle)

    def handle(self, route) -> None:
        route.continue_() if self.is_open else self.routes.append(route)

    def wait(self, page) -> None:
        while not self.routes:
            page.wait_for_timeout(20)

    def continue_all(self) -> None:
        self.is_open = True
        for route in self.routes:
            route.continue_()


def texts_on_device(page) -> str:
    """Return all copies in localStorage as one text."""
    copies = "Object.entries(localStorage).filter(([key]) => key.startsWith('casusboek:'))"
    return " ".join(page.evaluate(f"{copies}.flat()"))


def wait_for_copy(page, text: str) -> None:
    """Wait until this text is in a copy: a tab sees changes of another tab after a moment."""
    for _each in range(100):
        if text in texts_on_device(page):
            return
        page.wait_for_timeout(50)
    assert text in texts_on_device(page)


def open_another_tab(page):
    other = page.context.new_page()
    other.goto(page.url)
    return other


def open_sign_in(page) -> None:
    """Press the button of the save line. A real click leaves the field, which can open the dialog before the click."""
    page.get_by_role("button", name="Log opnieuw in").evaluate("button => button.click()")
