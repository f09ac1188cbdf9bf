"""The workflow of a case in the admin, with the rights of editors and of chief editors."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from cases.models import Case, CaseActor, Edition, Status
from cases.publishing import editions
from questions.models import Question
from tests.cases.admin.test_case import form_of
from tests.factories import ConceptFactory, UserFactory, published_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client):
    editor = UserFactory(name="Els Bos", groups=["Redactie"])
    client.force_login(editor)
    return editor


@pytest.fixture
def chief(client):
    chief = UserFactory(name="Piet Baas", groups=["Eindredactie"])
    client.force_login(chief)
    return chief


def act(client, name: str, case: Case, **posted) -> str:
    """Post the action and return the page that follows."""
    return client.post(reverse(f"admin:cases_case_{name}", args=[case.pk]), posted, follow=True).content.decode()


def page(client, name: str, case: Case, query: str = "") -> str:
    return client.get(reverse(f"admin:cases_case_{name}", args=[case.pk]) + query, follow=True).content.decode()


def next_edition_of(case: Case, **values) -> Case:
    """Publish an edition with these values and return the case."""
    copy = editions.start_working_copy(case=case)
    Case.objects.filter(pk=copy.pk).update(**values)
    editions.publish(case=Case.objects.get(pk=copy.pk), note="Verbeterd.")
    return Case.objects.get(pk=case.pk)


# --- Sending in ---


def test_a_chief_editor_sees_the_concepts_that_editors_sent_in(client, editor):
    concept = ConceptFactory(title="Klaar voor de bundel")
    ConceptFactory(title="Nog niet af")
    assert "Haal terug" in act(client, "send_in", concept)
    client.force_login(UserFactory(groups=["Eindredactie"]))
    assert "1 versie wacht op publicatie" in client.get(reverse("admin:index")).content.decode()
    listed = client.get(reverse("admin:cases_case_changelist"), {"ingestuurd": "ja"}).content.decode()
    assert ("Klaar voor de bundel" in listed, "Nog niet af" in listed) == (True, False)


def test_a_concept_that_was_sent_in_can_be_changed_and_is_marked_as_changed(client, editor):
    concept = ConceptFactory()
    act(client, "send_in", concept)
    concept.refresh_from_db()
    client.post(reverse("admin:cases_case_change", args=[concept.pk]), form_of(concept, title="Toch anders"))
    assert "Gewijzigd sinds het insturen" in page(client, "change", concept)
    assert "ja, daarna gewijzigd" in client.get(reverse("admin:cases_case_changelist")).content.decode()
    assert "Gewijzigd sinds het insturen" not in act(client, "send_in", concept)


def test_an_incomplete_concept_cannot_be_sent_in(client, editor):
    concept = ConceptFactory(closing="")
    assert "Nog niet ingestuurd. Schrijf een slot." in act(client, "send_in", concept)
    assert not Case.objects.sent_in().exists()


def test_an_editor_can_recall_a_concept_that_was_sent_in(client, editor):
    concept = ConceptFactory()
    act(client, "send_in", concept)
    assert "Stuur in voor publicatie" in act(client, "recall", concept)
    assert not Case.objects.sent_in().exists()


def test_an_editor_does_not_see_the_list_of_concepts_that_were_sent_in(client, editor):
    editions.send_in(case=ConceptFactory(), by=editor)
    assert "wacht op publicatie" not in client.get(reverse("admin:index")).content.decode()


# --- Publishing ---


def test_publishing_a_second_time_changes_nothing_and_is_reported(client, chief):
    case = published_case(kolbs=["doener"])
    copy = editions.start_working_copy(case=case)
    act(client, "publish", copy, note="Verbeterd.")
    assert "Deze versie is al gepubliceerd, of verwijderd." in act(client, "publish", copy, note="Verbeterd.")
    assert case.editions.count() == 2


def test_a_concept_that_was_saved_after_the_page_was_opened_is_not_published(client, chief):
    concept = ConceptFactory()
    client.post(reverse("admin:cases_case_change", args=[concept.pk]), form_of(concept, title="Toch anders"))
    assert "Iemand heeft deze casus opgeslagen" in act(client, "publish", concept, version=concept.version)
    assert not Edition.objects.exists()
    shown = Case.objects.get(pk=concept.pk).version
    assert f'name="version" value="{shown}"' in page(client, "change", concept)
    act(client, "publish", concept, version=shown)
    assert Edition.objects.count() == 1


def test_an_action_that_is_no_longer_possible_is_reported_and_not_done(client, chief, monkeypatch):
    case = published_case()
    archive = editions.archive

    def archive_too_late(*, case):
        editions.withdraw(case=Case.objects.get(pk=case.pk), reason="Zij herkende zich.")
        archive(case=case)

    monkeypatch.setattr(editions, "archive", archive_too_late)
    assert "Er is intussen iets met deze casus gebeurd." in act(client, "archive", case)
    assert Case.objects.get(pk=case.pk).is_withdrawn


def test_publishing_a_working_copy_requires_a_note_of_one_line(client, chief):
    case = published_case()
    copy = editions.start_working_copy(case=case)
    assert "Schrijf in één regel wat er veranderd is" in act(client, "publish", copy, note="  ")
    assert case.editions.count() == 1
    act(client, "publish", copy, note=" Een\nregel ")
    latest = case.editions.latest()
    assert (latest.number, latest.note, latest.published_by) == (2, "Een regel", chief)


@pytest.mark.parametrize("name", ["archive", "withdraw", "put_back", "publish"])
def test_an_editor_cannot_do_actions_of_chief_editors(client, editor, name):
    case = ConceptFactory() if name == "publish" else published_case()
    if name == "put_back":
        editions.archive(case=case)
    before = case.status
    response = client.post(reverse(f"admin:cases_case_{name}", args=[case.pk]), {"reason": "Ach.", "note": "Ach."})
    assert (response.status_code, Case.objects.get().status) == (403, before)


# --- Archiving, withdrawing and putting back ---


def test_a_case_can_be_archived_and_put_back(client, chief):
    case = published_case(title="Zeldzaamheid")
    assert "Zet terug in de bundel" in act(client, "archive", case)
    assert client.get("/casussen/?q=zeldzaamheid").content.decode().count("Zeldzaamheid") == 0
    response = client.get(case.get_absolute_url())
    assert response.status_code == 404
    assert "«Zeldzaamheid» is gearchiveerd." in response.content.decode()
    assert "staat weer in de bundel" in act(client, "put_back", case)
    assert client.get(case.get_absolute_url()).status_code == 200


def test_withdrawing_requires_a_reason(client, chief):
    case = published_case(title="Over Els", body="kwartelverhaal")
    assert "0 opdrachten gebruiken" in page(client, "withdraw", case)
    assert "Er is nog niets ingetrokken" in act(client, "withdraw", case, reason=" ", title="Over een buurvrouw")
    assert Case.objects.get().status == Status.PUBLISHED
    html = act(client, "withdraw", case, reason="Ze herkende zich.", title="Over een buurvrouw")
    assert ("Ze herkende zich." in html, "kwartelverhaal" in html) == (True, False)
    assert "Ingetrokken. Reden: Ze herkende zich." in [entry.get_change_message() for entry in LogEntry.objects.all()]


def test_the_page_of_a_withdrawn_case_is_a_410_without_its_title(client):
    case = published_case(title="Over Els")
    editions.withdraw(case=case, reason="Geheime reden.")
    response = client.get(case.get_absolute_url())
    assert response.status_code == 410
    html = response.content.decode()
    assert ("Deze casus is ingetrokken" in html, "Over Els" in html, "Geheime reden" in html) == (
        True,
        False,
        False,
    )


def test_the_form_of_a_withdrawn_case_redirects_to_its_history(client, chief):
    case = published_case(body="kwartelverhaal")
    edition = case.editions.get()
    copy = editions.start_working_copy(case=case)
    editions.withdraw(case=case, reason="Ach.")
    response = client.get(reverse("admin:cases_case_change", args=[case.pk]))
    assert response.url == reverse("admin:cases_case_history", args=[case.pk])
    for address in (
        reverse("admin:cases_case_change", args=[copy.pk]),
        reverse("admin:cases_edition_change", args=[edition.pk]),
    ):
        assert client.get(address).url == reverse("admin:index")
    assert client.get(reverse("admin:cases_case_difference", args=[case.pk])).status_code == 404
    assert client.post(reverse("admin:cases_case_restore", args=[case.pk]), {"editie": 1}).status_code == 404
    searched = client.get(reverse("admin:cases_edition_changelist"), {"q": "kwartelverhaal"}).content.decode()
    assert "0 edities" in searched


def test_the_log_of_a_withdrawn_case_has_no_names_from_the_story(client, chief):
    concept = ConceptFactory(title="Over Els", kolbs=["doener"])
    client.post(
        reverse("admin:cases_case_change", args=[concept.pk]),
        form_of(concept) | {"case_actors-0-person": "mevrouw Appelvink"},
    )
    assert "Appelvink" in page(client, "history", concept)
    act(client, "publish", concept)
    case = Case.objects.get()
    act(client, "withdraw", case, reason="Ze herkende zich.", title="Over een buurvrouw")
    html = page(client, "history", case) + client.get(reverse("admin:index")).content.decode()
    assert ("Appelvink" in html, "Over Els" in html) == (False, False)
    assert ("Gepubliceerd als editie 1." in html, "Reden: Ze herkende zich." in html) == (True, True)


def test_putting_back_a_withdrawn_case_requires_a_reason(client, chief):
    case = published_case(body="kwartelverhaal")
    editions.withdraw(case=case, reason="Ach.")
    assert "Schrijf waarom" in act(client, "put_back", case)
    assert Case.objects.get().status == Status.WITHDRAWN
    act(client, "put_back", case, reason="Zij vindt het goed.")
    assert (Case.objects.get().status, Case.objects.get().body) == (Status.PUBLISHED, "kwartelverhaal")
    log = [entry.get_change_message() for entry in LogEntry.objects.all()]
    assert log == ["Intrekking ongedaan gemaakt. Reden: Zij vindt het goed."]


# --- Editions ---


def test_the_history_lists_editions_with_their_note_and_publisher(client, chief):
    case = published_case()
    copy = editions.start_working_copy(case=case)
    act(client, "publish", copy, note="Typfout in het slot.")
    html = page(client, "history", case)
    assert ("Typfout in het slot." in html, "Piet Baas" in html, "Gepubliceerd als editie 2." in html) == (True,) * 3


def test_two_editions_can_be_compared_by_word(client, editor):
    case = next_edition_of(next_edition_of(published_case(title="Een oud begin")), title="Een nieuw begin")
    html = page(client, "difference", case, "?van=1&naar=3")
    assert ("<del>oud</del>" in html, "<ins>nieuw</ins>" in html) == (True, True)
    assert "precies hetzelfde" in page(client, "difference", case, "?van=1&naar=2")


def test_a_working_copy_is_compared_with_the_published_case(client, editor):
    case = published_case(title="Een oud begin")
    copy = editions.start_working_copy(case=case)
    Case.objects.filter(pk=copy.pk).update(title="Een nieuw begin", part=None)
    html = page(client, "difference", case)
    assert ("<del>oud</del>" in html, "<ins>nieuw</ins>" in html) == (True, True)


@pytest.mark.parametrize("query", ["?van=7&naar=1", "?van=1&naar=x", "?van=-1", "?van=99999999999&naar=1", ""])
def test_a_comparison_of_unknown_editions_is_a_404(client, editor, query):
    address = reverse("admin:cases_case_difference", args=[published_case().pk])
    assert client.get(address + query).status_code == 404


def test_an_edition_is_restored_as_a_working_copy(client, editor):
    case = next_edition_of(published_case(title="Eerst"), title="Later")
    assert "tekst van editie 1" in act(client, "restore", case, editie="1")
    assert Case.objects.get(revises=case).title == "Eerst"
    assert "Er is al een werkversie" in act(client, "restore", case, editie="2")
    assert Case.objects.get(revises=case).title == "Eerst"
    assert "Open de werkversie" in page(client, "history", case)


@pytest.mark.parametrize("number", ["", "x", "9", "99999999999999999999"])
def test_restoring_an_unknown_edition_is_a_404(client, editor, number):
    case = published_case()
    response = client.post(reverse("admin:cases_case_restore", args=[case.pk]), {"editie": number})
    assert (response.status_code, Case.objects.count()) == (404, 1)


def test_the_number_of_queries_of_the_history_is_constant(client, chief, django_assert_num_queries):
    case = published_case()
    page(client, "history", case)  # the first request fills the caches of the process
    for number in (1, 3):
        while case.editions.count() < number:
            case = next_edition_of(case)
        Edition.objects.update(published_by=chief)
        with django_assert_num_queries(9):
            page(client, "history", case)


# --- Two editors ---


def save(client, case: Case, form: dict):
    return client.post(reverse("admin:cases_case_change", args=[case.pk]), form)


def test_the_later_of_two_saves_is_refused_and_shows_both_versions(client, chief):
    concept = ConceptFactory(title="Een begin", closing="Einde.")
    mine = form_of(concept, title="Mijn begin")
    assert save(client, concept, form_of(concept, title="Hun begin", closing="Slot.")).status_code == 302
    response = save(client, concept, mine)
    html = response.content.decode()
    assert response.status_code == 200
    assert "Iemand anders heeft deze casus opgeslagen" in html
    assert "Publiceer de opgeslagen versie" not in html
    assert ("<del>Hun</del>" in html, "<ins>Mijn</ins>" in html, 'value="Mijn begin"' in html) == (
        True,
        True,
        True,
    )
    labels = [change.label for change in response.context["both_versions"]]
    assert labels == ["Titel", "Slot"]
    assert Case.objects.get().title == "Hun begin"


def test_a_second_save_after_the_warning_is_accepted(client, editor):
    concept = ConceptFactory(title="Een begin")
    mine = form_of(concept, title="Mijn begin")
    save(client, concept, form_of(concept, title="Hun begin"))
    shown = save(client, concept, mine).context["adminform"].form.shown_version
    assert save(client, concept, mine | {"version": shown}).status_code == 302
    assert Case.objects.get().title == "Mijn begin"


def test_a_form_with_an_error_is_not_a_conflict(client, editor):
    concept = ConceptFactory()
    invalid = save(client, concept, form_of(concept, title=""))
    shown = invalid.context["adminform"].form.shown_version
    assert save(client, concept, form_of(concept, title="Goed") | {"version": shown}).status_code == 302
    assert Case.objects.get().title == "Goed"


@pytest.mark.parametrize("version", ["", "0", "x", "99"])
def test_a_form_with_an_invalid_version_is_not_saved(client, editor, version):
    concept = ConceptFactory(title="Staat")
    assert save(client, concept, form_of(concept, title="Anders", version=version)).status_code == 200
    assert Case.objects.get().title == "Staat"


def test_a_change_in_an_inline_is_a_conflict(client, editor):
    concept = ConceptFactory()
    mine, theirs = form_of(concept, title="Mijn begin"), form_of(concept)
    save(client, concept, theirs | {"questions-0-text": "Wat doe je dan?"})
    response = save(client, concept, mine)
    assert [change.label for change in response.context["both_versions"]] == ["Titel", "Verdiepingsvragen"]
    assert Question.objects.get().text == "Wat doe je dan?"


def test_a_second_save_restores_a_row_that_another_editor_deleted(client, editor):
    concept = ConceptFactory(kolbs=["doener", "denker"])
    mine = form_of(concept, title="Mijn begin") | {"questions-1-text": "Mijn vraag?"}
    save(client, concept, form_of(concept) | {"questions-0-DELETE": "on", "questions-1-DELETE": "on"})
    assert concept.questions.count() == 0
    shown = save(client, concept, mine).context["adminform"].form.shown_version
    assert save(client, concept, mine | {"version": shown}).status_code == 302
    assert list(concept.questions.values_list("key", "text")) == [
        ("vraag-1", "Wat doe je als eerste?"),
        ("vraag-2", "Mijn vraag?"),
    ]


def test_a_second_save_does_not_delete_a_row_that_another_editor_added(client, editor):
    concept = ConceptFactory()
    mine = form_of(concept, title="Mijn begin")
    CaseActor.objects.create(case=concept, actor=concept.actors.get(), person="de buurman", position=2)
    Case.objects.update(version=2)
    response = save(client, concept, mine)
    assert "de buurman" in response.content.decode()
    save(client, concept, mine | {"version": 2})
    assert [line.person for line in concept.case_actors.all()] == ["mevrouw Uysal", "de buurman"]


def test_the_typed_text_is_returned_if_the_working_copy_was_published(client, editor):
    case = published_case()
    copy = editions.start_working_copy(case=case)
    mine = form_of(copy, body="Een lang stuk tekst.")
    editions.publish(case=copy)
    response = save(client, Case(pk=mine["questions-0-case"]), mine)
    assert response.status_code == 409
    assert "Een lang stuk tekst." in response.content.decode()


def test_the_typed_text_is_returned_if_the_concept_was_published(client, editor):
    concept = ConceptFactory()
    mine = form_of(concept, body="Een lang stuk tekst.")
    editions.publish(case=concept)
    response = save(client, concept, mine)
    assert (response.status_code, "Een lang stuk tekst." in response.content.decode()) == (409, True)
