"""The accessibility of every page, for each role that uses it, light and dark, wide and narrow.

A new page without a row in the table fails.
"""

import pytest

from tests.world import World, routes

# The roles that open each page.
PAGES = {
    "home": "visitor student teacher",
    "about": "visitor",
    "offline": "visitor",
    "own_data": "student stranger",
    "own_data_leave": "student teacher",
    "own_data_goodbye": "visitor",
    "account_login": "visitor",
    "account_request_login_code": "visitor",
    "account_confirm_login_code": "visitor",
    "account_logout": "student",
    "account_signup": "visitor",
    "account_inactive": "visitor",
    "account_change_password": "student",
    "account_set_password": "stranger",
    "account_reset_password": "visitor",
    "account_reset_password_done": "visitor",
    "account_reset_password_from_key": "visitor",
    "account_reset_password_from_key_done": "visitor",
    "questions:module_teachers": "teacher",
    "questions:co_teacher": "visitor stranger teacher",
    "invitation": "visitor stranger",
    "cases:catalogue": "visitor",
    "cases:case": "visitor student stranger",
    "questions:assignment": "student teacher",
    "questions:assignment_as_student": "teacher",
    "questions:module_as_student": "teacher",
    "questions:shared": "student",
    "questions:join_by_code": "visitor",
    "questions:join": "visitor stranger teacher",
    "questions:modules": "student stranger teacher",
    "questions:module_new": "teacher",
    "questions:case_to_assign": "teacher",
    "questions:module": "student teacher",
    "questions:module_edit": "teacher",
    "questions:module_screen": "teacher",
    "questions:module_copy": "teacher",
    "questions:progress": "teacher",
    "questions:module_person": "teacher",
    "questions:assignment_new": "teacher",
    "questions:assignment_edit": "teacher",
    "questions:assignment_edition": "teacher",
    "questions:assignment_feedback": "teacher",
    "questions:assignment_story": "teacher",
    "questions:submission_changes": "teacher",
    "questions:comments": "teacher",
    "questions:handed_in": "teacher stranger",
    "questions:overview": "teacher",
    "questions:overview_screen": "teacher",
    "questions:not_begun": "teacher",
    "questions:assignment_extensions": "teacher",
    "questions:answers": "student stranger",
    "questions:answer_versions": "student",
}

# Downloads, responses for scripts, and addresses for POST only. VARIANTS has the pages of the admin that editors use.
NOT_PAGES = {
    "health",
    "robots",
    "sitemap",
    "offline_worker",
    "who",
    "own_data_json",
    "own_data_code",
    "demo_sign_in",
    "questions:save_answer",
    "questions:save_answers",
    "questions:hand_in",
    "questions:take_back",
    "questions:adopt",
    "questions:module_code",
    "questions:module_code_closing",
    "questions:module_archive",
    "questions:module_return",
    "questions:module_deletion",
    "questions:co_teacher_withdrawal",
    "questions:progress_changes",
    "questions:progress_xlsx",
    "questions:progress_csv",
    "questions:progress_answer",
    "questions:reading_choices",
    "questions:person_group",
    "questions:person_departure",
    "questions:person_return",
    "questions:pin_answer",
    "questions:feedback_now",
    "questions:mark_selection",
    "questions:undo_selection",
    "questions:release_feedback",
    "questions:undo_release",
    "questions:save_feedback",
    "questions:undo_feedback",
    "questions:comment_sharing",
    "questions:comment_deletion",
    "questions:assignment_place",
    "questions:assignment_closing",
    "questions:assignment_reopening",
    "questions:assignment_deletion",
    "questions:extension_withdrawal",
    "questions:answers_docx",
    "questions:answers_json",
    "questions:feedback_seen",
    "questions:feedback_taken_up",
}

# Pages in other states: with a selection, without results, or refused.
VARIANTS = {
    "visitor": ["/bestaat-niet/", "/casussen/?q=xyzzy", "/meedoen/QQQQQQ/", "/account/wachtwoord/nieuw/1-op/"],
    "stranger": ["/modules/{module.pk}/", "/modules/nieuw/"],
    "student": [
        "/modules/{module.pk}/bewerken/",
        "/opdrachten/{assignment.pk}/?bewerk={submission.answer.question_id}",
        "/opdrachten/{unopened.pk}/",
        "/opdrachten/{last_year_assignment.pk}/",
        "/modules/{last_year.pk}/",
        "/antwoorden/?q=xyzzy",
        "/antwoorden/?stand=concept",
    ],
    "teacher": [
        "/modules/{module.pk}/opdrachten/nieuw/?casus={case.slug}",
        "/opdrachten/{assignment.pk}/feedback/?vraag=vraag-3",
        "/opdrachten/{assignment.pk}/feedback/?student={student.tag}",
        "/opdrachten/{assignment.pk}/feedback/?klas=SW1A",
        "/opdrachten/{unopened.pk}/feedback/",
        "/opdrachten/{assignment.pk}/overzicht/scherm/?vraag=vraag-3",
        "/opdrachten/{unopened.pk}/overzicht/",
        "/opdrachten/{unopened.pk}/als-student/",
        "/modules/{module.pk}/mensen/{left.tag}/",
        "/modules/{last_year.pk}/",
        "/modules/{last_year.pk}/voortgang/",
        "/modules/{module.pk}/voortgang/?klas=SW1A&toon=nog-te-lezen",
    ],
    "editor": [
        "/beheer/",
        "/beheer/cases/",
        "/beheer/cases/case/",
        "/beheer/cases/case/?q=xyzzy",
        "/beheer/cases/case/gids/",
        "/beheer/cases/case/importeren/",
        "/beheer/cases/case/add/",
        "/beheer/cases/case/{concept.pk}/change/",
        "/beheer/cases/case/{concept.pk}/voorbeeld/",
        "/beheer/cases/case/{concept.pk}/delete/",
        "/beheer/cases/case/{working_copy.pk}/change/",
        "/beheer/cases/case/{case.pk}/change/",
        "/beheer/cases/case/{case.pk}/history/",
        "/beheer/cases/keyword/",
        "/beheer/cases/keyword/add/",
        "/beheer/cases/actor/",
        "/beheer/cases/edition/",
        "/beheer/cases/edition/{assignment.edition_id}/change/",
        "/beheer/password_change/",
    ],
}
EXPECTED_STATUSES = {200, 403, 404}  # error pages are pages too
MEASURE = """() => ({
    lang: document.documentElement.lang,
    title: document.title.trim(),
    headings: [...document.querySelectorAll("h1")].filter(heading => heading.checkVisibility()).length,
    // Users of speech input say the words that they see.
    misnamed: [...document.querySelectorAll("[aria-label]:is(a, button, summary, label)")]
        .filter((each) => each.checkVisibility() && each.innerText.trim())
        .filter((each) => !each.ariaLabel.toLowerCase().startsWith(each.innerText.trim().toLowerCase()))
        .map((each) => each.ariaLabel),
    tooWide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
})"""


def test_every_address_is_either_a_page_or_not_a_page():
    names = {name for name in routes() if not name.startswith("admin:")}
    assert names - set(PAGES) - NOT_PAGES == set(), "addresses that are in neither table"
    assert (set(PAGES) | NOT_PAGES) - names == set(), "addresses that do not exist"
    assert set(PAGES) & NOT_PAGES == set()


def request_a_code(page) -> None:
    page.goto("/account/inloggen/code/")
    page.get_by_label("E-mailadres").fill("daan@example.org")
    page.get_by_role("button", name="Mail mij een code").click()
    page.get_by_role("heading", name="Typ de code over").wait_for()


PREPARATIONS = {"account_confirm_login_code": request_a_code}


def problems_of(page, address: str, assert_accessible) -> list[str]:
    """Open this page and return a description of each problem with it."""
    status = page.goto(address).status
    measured = page.evaluate(MEASURE)
    checks = {
        f"status {status}": status in EXPECTED_STATUSES,
        f"lang={measured['lang']!r}": measured["lang"] == "nl",
        f"names that do not begin with the visible words: {measured['misnamed']}": not measured["misnamed"],
        "no title": measured["title"],
        f"{measured['headings']} h1": measured["headings"] == 1,
        f"{measured['tooWide']}px too wide": measured["tooWide"] <= 0,
    }
    problems = [f"{address}: {problem}" for problem, is_fine in checks.items() if not is_fine]
    try:
        assert_accessible(page)
    except AssertionError as error:
        problems.append(str(error))
    return problems


@pytest.mark.long
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
@pytest.mark.parametrize("role", ["visitor", "stranger", "student", "teacher", "editor"])
def test_every_page_is_accessible(open_page, assert_accessible, expected_problems, settings, role, width, scheme):
    settings.HAS_MAIL = settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True
    expected_problems.append("status of 40[34]")
    world = World()
    world.users["stranger"].set_unusable_password()
    world.users["stranger"].save()
    page = open_page(width=width, scheme=scheme, user=world.users[role])
    problems = []
    for name in (name for name, roles in PAGES.items() if role in roles.split()):
        PREPARATIONS.get(name, lambda page: None)(page)
        problems += problems_of(page, world.addresses[name], assert_accessible)
        url = page.url
        if not url.endswith(world.addresses[name]) and name != "account_reset_password_from_key":
            problems.append(f"{name}: redirected to {url}")
    for address in VARIANTS[role]:
        problems += problems_of(page, address.format(**vars(world)), assert_accessible)
    assert not problems, "\n".join(problems)
