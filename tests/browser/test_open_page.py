"""The problems that open_page records, on which the other browser tests depend."""

from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user_model

from tests.browser.conftest import record_problems


@pytest.fixture
def page_and_problems(browser, live_server):
    """Yield a page of the site and the list of its recorded problems."""
    problems = []
    context = browser.new_context(base_url=live_server.url)
    record_problems(context, urlsplit(live_server.url).netloc, problems)
    page = context.new_page()
    page.goto("/gezond/")
    yield page, problems
    context.close()


def test_ordinary_page_has_no_problems(page_and_problems):
    page, problems = page_and_problems
    assert page.inner_text("body") == "ok"
    assert problems == []


def test_console_error_is_recorded(page_and_problems):
    page, problems = page_and_problems
    page.evaluate("console.error('something broke')")
    assert problems == [f"{page.url}: console: something broke"]


def test_exception_is_recorded(page_and_problems):
    page, problems = page_and_problems
    with page.context.expect_event("weberror"):
        page.evaluate("setTimeout(() => { throw new Error('not caught') })")
    assert problems == ["exception: not caught"]


def test_request_to_another_host_is_recorded_and_blocked(page_and_problems):
    page, problems = page_and_problems
    page.evaluate("fetch('https://elsewhere.example/x', {mode: 'no-cors'}).catch(() => null)")
    assert any("elsewhere.example" in problem for problem in problems)


def test_breach_of_the_content_security_policy_is_recorded(page_and_problems):
    page, problems = page_and_problems
    with page.expect_console_message(lambda message: "content security policy: " in message.text):
        page.evaluate("document.body.setAttribute('onclick', 'alert(1)')")
    assert any("script-src-attr" in problem for problem in problems)


def test_expected_problem_does_not_fail_the_test(open_page, expected_problems):
    expected_problems.append("something broke")
    page = open_page()
    page.goto("/gezond/")
    page.evaluate("console.error('something broke')")


def test_each_page_is_opened_in_a_new_browser_context(open_page):
    first, second = open_page(), open_page(width=320, scheme="dark")
    for page in (first, second):
        page.goto("/gezond/")
    first.evaluate("localStorage.setItem('mine', 'secret')")
    assert second.evaluate("localStorage.getItem('mine')") is None
    assert second.evaluate("[innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]") == [320, True]


def test_page_with_an_unlabelled_field_is_not_accessible(open_page, assert_accessible):
    page = open_page()
    page.goto("/gezond/")
    page.evaluate("document.body.append(document.createElement('input'))")
    with pytest.raises(AssertionError, match="label"):
        assert_accessible(page)


def test_page_can_be_opened_as_a_signed_in_user(open_page):
    page = open_page(user=get_user_model().objects.create_superuser("beheer@casebook.example", "Beheer"))
    page.goto("/beheer/")
    assert page.url.endswith("/beheer/")
