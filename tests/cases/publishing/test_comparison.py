"""The differences between two case files."""

from dataclasses import replace

from cases.files.document import ActorLine, CaseDocument, QuestionLine, ReferenceLine
from cases.publishing.comparison import LONG, compare

CASE = CaseDocument(
    number=1,
    slug="koelkast",
    title="Een lekkende koelkast",
    part="bewoners",
    summary="Over een koelkast.",
    actors=(ActorLine("Bewoner", "mevrouw Uysal"), ActorLine("Wijkteam")),
    keywords=("schulden", "buurt"),
    references=(ReferenceLine("Hilhorst (2014).", "https://example.org"),),
    questions=(QuestionLine("stap", "doener", "Wat doe je?"), QuestionLine("blik", "beschouwer", "Wat zie je?")),
    introduction="Zo begint het.",
    body="Hier gebeurt het.",
    closing="Zo loopt het af.",
)


def differences(old: CaseDocument, new: CaseDocument) -> list[tuple[str, str, str]]:
    """Return for each change its label, the old text and the new text."""
    return [
        (
            change.label,
            "".join(run.text for run in change.runs if run.kind != "new"),
            "".join(run.text for run in change.runs if run.kind != "gone"),
        )
        for change in compare(old, new)
    ]


def test_the_same_case_has_no_differences():
    assert compare(CASE, CASE) == []


def test_a_change_is_listed_under_the_label_of_its_field():
    new = replace(CASE, title="Een koelkast", part="wijk", summary="Kort.", introduction="A.", body="B.", closing="C.")
    labels = [label for label, _old, _new in differences(CASE, new)]
    assert labels == ["Titel", "Deel", "Omschrijving", "Inleiding", "Middenstuk", "Slot"]


def test_only_changed_words_are_marked():
    change = compare(CASE, replace(CASE, title="Een druipende koelkast"))[0]
    assert [(run.kind, run.text) for run in change.runs] == [
        ("same", "Een "),
        ("gone", "lekkende"),
        ("new", "druipende"),
        ("same", " koelkast"),
    ]
    assert [run.kind for run in change.old] == ["same", "gone", "same"]
    assert [run.kind for run in change.new] == ["same", "new", "same"]


def test_questions_are_matched_by_key():
    stap, blik = CASE.questions
    new = replace(CASE, questions=(replace(blik, text="Wat zie jij?"), QuestionLine("plan", "denker", "Hoezo?")))
    assert differences(CASE, new) == [
        ("Vraag 1", "Wat zie je?", "Wat zie jij?"),
        ("Vraag 2, nieuw", "", "Hoezo?"),
        ("Vraag 1, vervallen", "Wat doe je?", ""),
    ]


def test_changes_of_lens_and_of_order_are_listed():
    stap, blik = CASE.questions
    new = replace(CASE, questions=(blik, replace(stap, kolb="beslisser")))
    assert differences(CASE, new) == [
        ("Bril van vraag 2", "doener", "beslisser"),
        ("Volgorde van de vragen", "Wat doe je?\nWat zie je?", "Wat zie je?\nWat doe je?"),
    ]


def test_actors_keywords_and_references_are_listed_on_separate_lines():
    new = replace(CASE, actors=CASE.actors[1:], keywords=("schulden", "geld"), references=())
    assert differences(CASE, new) == [
        ("Actoren", "mevrouw Uysal (Bewoner)\nWijkteam", "Wijkteam"),
        ("Sleutelwoorden", "schulden\nbuurt", "schulden\ngeld"),
        ("Literatuur", "Hilhorst (2014). https://example.org", ""),
    ]


def test_the_middle_of_a_long_unchanged_passage_is_left_out():
    long = "woord " * LONG
    change = compare(replace(CASE, body=long + "eind"), replace(CASE, body=long + "slot"))[0]
    assert [run.kind for run in change.runs] == ["same", "cut", "same", "gone", "new"]
    assert sum(len(run.text) for run in change.runs) < LONG
