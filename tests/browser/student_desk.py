"""A student's desk with one question, and what tests do there."""

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


def line(page):
    return page.locator("[data-saveline]")


def write(page, text: str) -> None:
    """As a person types: key by key, at the end of what is there."""
    field(page).press("Control+End")
    field(page).press_sequentially(text)


def stored() -> str:
    return Answer.objects.get().text


def kept() -> list[str]:
    return sorted(AnswerVersion.objects.values_list("text", flat=True))


def no_saves(page) -> None:
    page.route("**/antwoord/**", lambda route: route.abort())


def saves_again(page) -> None:
    page.unroute("**/antwoord/**")


class Held:
    """Saves that get no reply until they are let through."""

    def __init__(self, page, address: str = "**/antwoord/**"):
        self.routes, self.is_open = [], False
        page.route(address, self.handle)

    def handle(self, route) -> None:
        route.continue_() if self.is_open else self.routes.append(route)

    def wait(self, page) -> None:
        while not self.routes:
            page.wait_for_timeout(20)

    def let_through(self) -> None:
        self.is_open = True
        for route in self.routes:
            route.continue_()


def texts_on_device(page) -> str:
    """All copies that localStorage has, as one text."""
    copies = "Object.entries(localStorage).filter(([key]) => key.startsWith('casusboek:'))"
    return " ".join(page.evaluate(f"{copies}.flat()"))


def wait_for_copy(page, text: str) -> None:
    """One tab hears of what another one stored a moment later."""
    for _each in range(100):
        if text in texts_on_device(page):
            return
        page.wait_for_timeout(50)
    assert text in texts_on_device(page)


def another_tab(page):
    other = page.context.new_page()
    other.goto(page.url)
    return other
