"""The form of a case in a real browser: previews, checks of names, and copies of unsaved text."""

import re

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session

from cases.models import Actor, Case
from tests.browser import device
from tests.browser.conftest import session_cookie
from tests.factories import ActorFactory, ConceptFactory, KeywordFactory, UserFactory

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.writes

ADD = "/beheer/cases/case/add/"
PASSWORD = "een-lang-wachtwoord"
NO_STRICT = "indexedDB.open = () => { throw new DOMException('refused', 'SecurityError'); };"
NO_LOCAL = """
    const set = Storage.prototype.setItem;
    Storage.prototype.setItem = function (key, value) {
        if (key.startsWith("casusboek")) throw new DOMException("full", "QuotaExceededError");
        set.call(this, key, value);
    };"""


@pytest.fixture
def editor(transactional_db):
    editor = UserFactory(name="Els Bos", groups=["Redactie"])
    editor.set_password(PASSWORD)
    editor.save()
    return editor


@pytest.fixture
def form(open_page, editor):
    page = open_page(user=editor)
    page.goto(ADD)
    return page


def wait_for_copies(page, count: int) -> None:
    device.wait_for_copies(page, count, device.EDITING)


def unsaved_notice(page):
    return page.locator("#niet-opgeslagen")


def save(page, button: str = "Opslaan en verder schrijven") -> None:
    page.get_by_role("button", name=button, exact=True).last.click()


def row(page, rows: str, number: int, field: str):
    return page.locator(f"[name='{rows}-{number}-{field}']")


def close_and_open_new_tab(page):
    """Close the tab, and return the same page in a new tab of the same browser."""
    context, url = page.context, page.url
    page.close()
    fresh = context.new_page()
    fresh.goto(url)
    return fresh


def test_preview_beside_a_field_shows_the_text_while_typing(form):
    form.get_by_label("Middenstuk").press_sequentially("### Aan de deur\nZe *zwijgt*. <b>x</b>")
    preview = form.frame_locator("iframe[title='Zo ziet dit eruit: middenstuk']")
    expect(preview.get_by_role("heading", name="Aan de deur")).to_be_visible()
    expect(preview.locator("em")).to_have_text("zwijgt")
    expect(preview.locator("b")).to_have_count(0)
    family = preview.locator("p").evaluate("each => getComputedStyle(each).fontFamily")
    assert family.startswith("Newsreader")  # a page of the site, not of the admin


def test_form_of_a_new_case_focuses_the_title(form):
    expect(form.get_by_label("Titel")).to_be_focused()


def test_preview_follows_the_theme_of_the_admin(open_page, editor):
    page = open_page(user=editor, scheme="dark")
    page.goto(ADD)
    page.get_by_label("Inleiding").fill("Donker.")
    preview = page.frame_locator("iframe[title='Zo ziet dit eruit: inleiding']").locator("p")
    expect(preview).to_have_css("color", "rgb(236, 229, 217)")


def test_keyword_similar_to_an_existing_one_is_reported_before_it_is_created(form):
    KeywordFactory(name="mantelzorg")
    form.get_by_label("Titel").fill("Zorgen")
    word = row(form, "case_keywords", 0, "keyword_name")
    word.fill("mantelzorgers")
    word.press("Tab")
    expect(form.get_by_text("lijkt op een woord dat er al is")).to_be_visible()
    form.get_by_role("button", name="Neem «mantelzorg»").click()
    expect(word).to_have_value("mantelzorg")
    save(form)
    expect(form.locator(".messagelist")).to_contain_text("Zorgen")
    assert [word.name for word in Case.objects.get().keywords.all()] == ["mantelzorg"]


def test_new_actor_and_keyword_are_created_in_the_form(form):
    form.get_by_label("Titel").fill("De buurtvader")
    word = row(form, "case_keywords", 0, "keyword_name")
    word.fill("rouw")
    word.press("Tab")
    form.get_by_role("button", name="Maak nieuw: «rouw»").click()
    actor = row(form, "case_actors", 0, "actor_name")
    actor.fill("Buurtvader")
    actor.press("Tab")
    form.get_by_role("button", name="Maak nieuw: «Buurtvader»").click()
    row(form, "case_actors", 0, "sphere").select_option("ertussenin")
    row(form, "case_actors", 0, "person").fill("Karim")
    form.get_by_role("button", name="Nog een Actor toevoegen").click()
    row(form, "case_actors", 3, "actor_name").fill("Buurtvader")
    row(form, "case_actors", 3, "person").fill("Said")
    row(form, "case_actors", 3, "person").press("Tab")
    form.get_by_role("button", name="Maak nieuw: «Buurtvader»").last.click()
    row(form, "case_actors", 3, "sphere").select_option("ertussenin")
    save(form)
    expect(form.locator(".messagelist")).to_contain_text("De buurtvader")
    case = Case.objects.get()
    assert [line.person for line in case.case_actors.all()] == ["Karim", "Said"]
    assert Actor.objects.get().sphere == "hybrid"
    assert [word.name for word in case.keywords.all()] == ["rouw"]


def test_existing_actor_fills_in_its_name_and_sphere(form):
    ActorFactory(name="Wijkagent", sphere="formal")
    actor = row(form, "case_actors", 0, "actor_name")
    actor.fill("WIJKAGENT")
    actor.press("Tab")
    expect(actor).to_have_value("Wijkagent")
    expect(row(form, "case_actors", 0, "sphere")).to_have_value("formal")
    expect(row(form, "case_actors", 0, "sphere")).to_be_disabled()


def test_text_of_a_closed_tab_can_be_restored_and_saved(form):
    form.get_by_label("Titel").fill("Half af")
    form.get_by_label("Middenstuk").fill("Tot hier was ik")
    form.get_by_role("button", name="Nog een Vraag toevoegen").click()
    row(form, "questions", 0, "text").fill("Eerste vraag?")
    row(form, "questions", 1, "text").fill("Tweede vraag?")
    form.locator("#id_questions-1-kolb_2").check()
    row(form, "case_actors", 0, "person").fill("mevrouw Uysal")
    form.locator("[data-kept]", has_text="Bewaard op dit apparaat").wait_for()
    fresh = close_and_open_new_tab(form)
    expect(unsaved_notice(fresh)).to_contain_text("Je hebt hier nog niet opgeslagen werk")
    expect(unsaved_notice(fresh)).to_contain_text(re.compile(r"«Half af», \d\d:\d\d"))
    expect(fresh.get_by_label("Titel")).to_have_value("")
    fresh.get_by_role("button", name="Terugzetten").click()
    expect(fresh.get_by_label("Titel")).to_have_value("Half af")
    expect(row(fresh, "questions", 1, "text")).to_have_value("Tweede vraag?")
    expect(fresh.locator("#id_questions-1-kolb_2")).to_be_checked()
    expect(row(fresh, "case_actors", 0, "person")).to_have_value("mevrouw Uysal")
    preview = fresh.frame_locator("iframe[title='Zo ziet dit eruit: middenstuk']")
    expect(preview.locator("p")).to_have_text("Tot hier was ik")
    expect(unsaved_notice(fresh)).to_be_hidden()
    wait_for_copies(fresh, 1)
    row(fresh, "case_actors", 0, "person").fill("")
    fresh.locator("#id_questions-0-kolb_0").check()
    save(fresh)
    expect(fresh.locator(".messagelist")).to_contain_text("Half af")
    wait_for_copies(fresh, 0)
    expect(unsaved_notice(fresh)).to_be_hidden()
    assert list(Case.objects.get().questions.values_list("text", "kolb")) == [
        ("Eerste vraag?", "doener"),
        ("Tweede vraag?", "denker"),
    ]


def test_copy_restores_existing_rows_in_their_own_position(open_page, editor):
    concept = ConceptFactory(title="Er al", kolbs=["doener", "denker"])
    page = open_page(user=editor)
    page.goto(f"/beheer/cases/case/{concept.pk}/change/")
    row(page, "questions", 1, "text").fill("Anders gezegd?")
    row(page, "questions", 2, "text").fill("Erbij?")
    fresh = close_and_open_new_tab(page)
    fresh.get_by_role("button", name="Terugzetten").click()
    expect(row(fresh, "questions", 1, "text")).to_have_value("Anders gezegd?")
    fresh.locator("#id_questions-2-kolb_1").check()
    save(fresh)
    expect(fresh.locator(".messagelist")).to_contain_text("Er al")
    found = concept.questions.values_list("key", "text")
    assert list(found) == [
        ("vraag-1", "Wat doe je als eerste?"),
        ("vraag-2", "Anders gezegd?"),
        ("erbij", "Erbij?"),
    ]


def test_discarding_a_copy_can_be_undone(form):
    form.get_by_label("Titel").fill("Toch niet")
    fresh = close_and_open_new_tab(form)
    fresh.get_by_role("button", name="Weggooien").click()
    expect(unsaved_notice(fresh)).to_contain_text("Weggegooid.")
    wait_for_copies(fresh, 0)
    fresh.get_by_role("button", name="Toch bewaren").click()
    wait_for_copies(fresh, 1)
    fresh.get_by_role("button", name="Weggooien").click()
    fresh.reload()
    expect(unsaved_notice(fresh)).to_be_hidden()


def test_text_changed_back_to_the_saved_text_needs_no_copy(form):
    form.get_by_label("Titel").fill("x")
    wait_for_copies(form, 1)
    form.get_by_label("Titel").fill("")
    wait_for_copies(form, 0)


@pytest.mark.parametrize("address", ["new", "concept"])
def test_text_typed_before_the_script_loads_is_saved_on_the_device(open_page, editor, address):
    concept = ConceptFactory(title="Er al", kolbs=["doener"])
    page, pending = open_page(user=editor), []
    page.route("**/editor.*js", lambda route: pending.append(route))
    page.goto(ADD if address == "new" else f"/beheer/cases/case/{concept.pk}/change/", wait_until="commit")
    page.get_by_label("Omschrijving").fill("Al getypt")
    page.get_by_text("Beslisser").first.wait_for()  # the rest of the form has loaded too
    pending.pop().continue_()
    page.wait_for_load_state()
    page.locator("[data-kept]", has_text="Bewaard op dit apparaat").wait_for()
    wait_for_copies(page, 1)
    page.get_by_label("Omschrijving").fill(concept.summary if address == "concept" else "")
    wait_for_copies(page, 0)


def test_admin_index_lists_unsaved_text(form):
    form.get_by_label("Titel").fill("Vergeten")
    form.goto("/beheer/")
    expect(unsaved_notice(form)).to_contain_text("«Vergeten»")
    form.get_by_role("link", name="Verder schrijven").click()
    form.wait_for_url(f"**{ADD}")
    form.get_by_role("button", name="Terugzetten").click()
    expect(form.get_by_label("Titel")).to_have_value("Vergeten")


def test_text_survives_an_expired_session(form, editor, expected_problems):
    expected_problems.append("status of 401")
    form.get_by_label("Titel").fill("Lang geschreven")
    form.get_by_label("Middenstuk").fill("Een verhaal van uren.")
    Session.objects.all().delete()
    save(form)
    expect(form.get_by_label(re.compile("^Wat je schreef, tekst 2 van 2$"))).to_have_value("Een verhaal van uren.")
    assert not Case.objects.exists()
    with form.context.expect_page() as opened:
        form.get_by_role("link", name="Log in (nieuw tabblad)").click()
    tab = opened.value
    tab.get_by_label("E-mailadres").fill(editor.email)
    tab.get_by_label("Wachtwoord", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Inloggen").click()
    tab.wait_for_url("**/")
    tab.goto(ADD)
    expect(unsaved_notice(tab)).to_contain_text("«Lang geschreven»")  # the device has a copy too
    form.get_by_role("button", name="Verstuur opnieuw").click()
    expect(form.locator(".messagelist")).to_contain_text("Lang geschreven")
    assert Case.objects.get().body == "Een verhaal van uren."
    wait_for_copies(form, 0)


def test_form_with_errors_preserves_the_rows_and_the_copy(form):
    form.get_by_label("Omschrijving").fill("Zonder titel")
    row(form, "questions", 0, "text").fill("Zonder bril?")
    save(form)
    expect(form.get_by_text("Corrigeer de onderstaande fouten.")).to_be_visible()
    expect(row(form, "questions", 0, "text")).to_have_value("Zonder bril?")
    form.get_by_role("link", name="Titel: Dit veld is verplicht.").click()
    expect(form.get_by_label("Titel")).to_be_focused()
    expect(unsaved_notice(form)).to_be_hidden()
    wait_for_copies(form, 1)
    form.get_by_label("Titel").fill("Met titel")
    form.locator("#id_questions-0-kolb_3").check()
    save(form)
    expect(form.locator(".messagelist")).to_contain_text("Met titel")
    expect(form.locator(".messagelist")).to_be_in_viewport()  # and not the field of the link
    wait_for_copies(form, 0)


def test_copies_of_one_user_are_not_offered_to_another(form, live_server):
    form.get_by_label("Titel").fill("Van Els")
    form.context.add_cookies([session_cookie(UserFactory(groups=["Redactie"]), live_server.url)])
    form.goto(ADD)
    expect(unsaved_notice(form)).to_be_hidden()
    assert "Van Els" not in form.content()
    wait_for_copies(form, 1)


def test_form_of_one_user_is_not_saved_in_the_name_of_another(form, live_server, expected_problems):
    expected_problems.append("status of 409")
    form.get_by_label("Titel").fill("Van Els")
    form.context.add_cookies([session_cookie(UserFactory(groups=["Redactie"]), live_server.url)])
    csrf = {"name": settings.CSRF_COOKIE_NAME, "url": live_server.url}
    assert any(cookie["name"] == csrf["name"] for cookie in form.context.cookies())
    save(form)
    expect(form.get_by_role("heading", name="Hier is nu iemand anders ingelogd")).to_be_visible()
    assert not Case.objects.exists()
    wait_for_copies(form, 1)


def test_signing_out_warns_about_unsaved_text(form, live_server):
    form.get_by_label("Titel").fill("Nog niet klaar")
    form.goto("/beheer/")
    form.get_by_role("button", name="Afmelden").click()
    dialog = form.get_by_role("dialog", name="Je hebt nog niet alles opgeslagen")
    dialog.get_by_role("button", name="Blijf ingelogd").click()
    expect(dialog).to_be_hidden()
    form.get_by_role("button", name="Afmelden").click()
    dialog.get_by_role("button", name="Log uit").click()
    form.wait_for_url(f"{live_server.url}/")
    wait_for_copies(form, 1)


def test_two_tabs_have_separate_copies(form):
    form.get_by_label("Titel").fill("Eerste tab")
    second = form.context.new_page()
    second.goto(ADD)
    second.get_by_label("Titel").fill("Tweede tab")
    wait_for_copies(form, 2)
    save(second)
    expect(second.locator(".messagelist")).to_contain_text("Tweede tab")
    wait_for_copies(form, 1)


@pytest.mark.parametrize("cleared", [device.LOCAL, device.STRICT])
def test_copy_is_restored_from_either_store_if_the_other_is_cleared(form, cleared):
    form.get_by_label("Titel").fill("Dubbel bewaard")
    form.get_by_label("Middenstuk").fill("Tot hier was ik")
    expect(form.locator("[data-kept]")).to_contain_text("Bewaard op dit apparaat")
    device.wait_for_text_on_disk(form, "Tot hier was ik")
    form.evaluate(cleared)
    fresh = close_and_open_new_tab(form)
    fresh.get_by_role("button", name="Terugzetten").click()
    expect(fresh.get_by_label("Titel")).to_have_value("Dubbel bewaard")
    expect(fresh.get_by_label("Middenstuk")).to_have_value("Tot hier was ik")


def test_reload_directly_after_typing_preserves_the_last_keystroke(form):
    form.get_by_label("Titel").press_sequentially("Wie snel herlaadt")
    form.reload()
    form.get_by_role("button", name="Terugzetten").click()
    expect(form.get_by_label("Titel")).to_have_value("Wie snel herlaadt")


@pytest.mark.parametrize("stores", [NO_STRICT, NO_STRICT + NO_LOCAL])
def test_text_is_not_reported_as_saved_if_the_device_cannot_store_it(open_page, editor, stores):
    page = open_page(user=editor)
    page.add_init_script(stores)
    page.goto(ADD)
    page.get_by_label("Titel").fill("Vluchtig")
    expect(page.locator("[data-kept]")).to_have_text(re.compile("dit apparaat kan het niet veilig bewaren"))
    page.get_by_label("Titel").fill("Vluchtiger")
    expect(page.locator("[data-kept]")).not_to_contain_text("Bewaard")


def test_two_pages_with_the_same_copy_have_separate_copies(form):
    """Back and duplicated tabs cause this: both pages are shown with errors, and have the key of the submitted copy."""
    form.get_by_label("Omschrijving").fill("Zonder titel")
    form.evaluate("document.getElementById('case_form').target = '_blank'")
    with form.context.expect_page() as first:
        save(form)
    with form.context.expect_page() as second:
        form.evaluate("HTMLFormElement.prototype.submit.call(document.getElementById('case_form'))")
    sent = {each.value.locator("[name=device_copy]").input_value() for each in (first, second)}
    assert len(sent) == 1
    assert sent != {""}
    first.value.get_by_label("Titel").fill("Van de eerste")
    second.value.get_by_label("Titel").fill("Van de tweede")
    fresh = close_and_open_new_tab(form)
    expect(unsaved_notice(fresh)).to_contain_text("«Van de eerste»")
    expect(unsaved_notice(fresh)).to_contain_text("«Van de tweede»")
    first.value.get_by_role("button", name="Opslaan en verder schrijven", exact=True).last.click()
    expect(first.value.locator(".messagelist")).to_contain_text("Van de eerste")
    fresh.reload()
    expect(unsaved_notice(fresh)).to_contain_text("«Van de tweede»")
    expect(unsaved_notice(fresh)).not_to_contain_text("«Van de eerste»")


def test_story_that_is_too_long_stays_on_the_device_and_is_saved_once_shorter(form):
    """tests/cases/admin/test_inlines.py has a story of three megabytes, which a browser takes too long to lay out."""
    form.set_default_timeout(40_000)
    long_text, body = ("woord " * 20 + "\n") * 2_600, form.locator("[name=body]")
    form.get_by_label("Titel").fill("Te lang")
    paste = "(field, text) => { field.value = text; field.dispatchEvent(new Event('input', { bubbles: true })); }"
    body.evaluate(paste, long_text)
    expect(form.get_by_text("114.600 tekens te lang: er passen er 200.000.")).to_be_visible(timeout=40_000)
    preview = form.frame_locator("iframe[title$='middenstuk']")
    expect(preview.get_by_text("te lang om er hier steeds een voorbeeld van te maken")).to_be_attached()
    form.locator("[data-kept]", has_text="Bewaard op dit apparaat").wait_for()
    save(form)
    form.get_by_text("Er passen er 200.000. Kort het in").first.wait_for()
    assert body.input_value().split() == long_text.split()
    wait_for_copies(form, 1)
    body.evaluate(paste, "kort " * 39_000)
    expect(form.get_by_text("Nog 5.000 tekens over van de 200.000.")).to_be_visible(timeout=40_000)
    save(form)
    expect(form.locator(".messagelist")).to_contain_text("Te lang", timeout=40_000)
    wait_for_copies(form, 0)
    assert Case.objects.get().body == ("kort " * 39_000).strip()


def test_save_and_preview_shows_the_page_of_a_student(form):
    form.get_by_label("Titel").fill("Vooruit kijken")
    form.get_by_label("Inleiding").fill("Het begint zo.")
    save(form, "Opslaan en bekijken zoals een student")
    expect(form.get_by_role("heading", name="Vooruit kijken", level=1)).to_be_visible()
    expect(form.get_by_text("Alleen de redactie kan deze pagina zien.")).to_be_visible()
    form.get_by_role("link", name="Verder schrijven").click()
    expect(form.get_by_label("Inleiding")).to_have_value("Het begint zo.")
    wait_for_copies(form, 0)


def test_case_can_be_written_without_javascript(open_page, editor):
    KeywordFactory(name="schulden")
    page = open_page(user=editor, javascript=False)
    page.goto(ADD)
    page.get_by_label("Titel").fill("Zonder script")
    row(page, "case_keywords", 0, "keyword_name").fill("schulden")
    row(page, "case_keywords", 1, "keyword_name").fill("rouw")
    row(page, "case_keywords", 1, "is_new").check()
    row(page, "questions", 0, "text").fill("Wat nu?")
    page.locator("#id_questions-0-kolb_0").check()
    save(page)
    case = Case.objects.get()
    assert [word.name for word in case.keywords.all()] == ["rouw", "schulden"]
    assert [question.key for question in case.questions.all()] == ["nu"]
    save(page, "Opslaan en bekijken zoals een student")
    expect(page.get_by_text("Alleen de redactie kan deze pagina zien.")).to_be_visible()
