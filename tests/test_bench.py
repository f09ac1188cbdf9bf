"""How make bench evaluates and reports its measurements. The speed itself is not tested, since machines differ."""

import inspect
import json

import pytest

from tests.load.measuring import (
    DEPTHS,
    ROUNDS,
    Figures,
    Row,
    Slice,
    compare,
    comparison_lines,
    format_number,
    is_chosen,
    is_noisy,
    measure,
    measure_at_depths,
    measure_slice,
    read_figures,
    row_of,
    write_figures,
)

pytestmark = pytest.mark.once


def row(name: str = "home", ratio: float = 0.5, cpu_ratio: float | None = 0.4) -> Row:
    cpu_spread = (0.1, 0.9) if cpu_ratio else None
    return Row(name, 100, 2.5, ratio=ratio, spread=(0.2, 0.8), cpu_ratio=cpu_ratio, cpu_spread=cpu_spread)


def rows(*members: Row) -> dict[str, Row]:
    return {each.name: each for each in members}


def figures(*members: Row, load_average: float = 0.2) -> Figures:
    return Figures("0123456789ab", load_average, rows(*members))


def test_ratio_of_a_row_is_the_median_of_the_ratios_of_its_rounds():
    bare = [100, 200, 400, 800, 1000]
    page = [50, 180, 40, 400, 100]
    rounds = [(Slice(one, 1.0), Slice(other, 2.0)) for one, other in zip(bare, page, strict=True)]
    result = row_of("home", rounds)
    assert (result.ratio, result.spread) == (0.5, (0.1, 0.9))
    assert result.per_second == 100


def test_cpu_ratio_divides_the_bare_request_by_the_page_in_the_same_round():
    cpu = [(1, 2), (1, 4), (2, 20), (3, 4), (1, 5)]
    result = row_of("home", [(Slice(100, bare), Slice(50, page)) for bare, page in cpu])
    assert (result.cpu_ratio, result.cpu_spread, result.cpu_ms) == (0.25, (0.1, 0.75), 4)


def test_cpu_ratio_is_none_without_a_measure_of_processor_time():
    result = row_of("home", [(Slice(100, None), Slice(50, None))] * ROUNDS)
    assert (result.cpu_ms, result.cpu_ratio, result.ratio) == (None, None, 0.5)


def test_cpu_ratio_is_none_if_a_round_took_no_tick_of_processor_time():
    result = row_of("home", [(Slice(100, 1.0), Slice(50, 0.0)), (Slice(100, 1.0), Slice(50, 2.0))])
    assert result.cpu_ratio is None


def test_every_round_measures_the_bare_request_directly_before_the_page():
    order = []

    def slice_named(name: str, per_second: float) -> Slice:
        order.append(name)
        return Slice(per_second, None)

    result = measure("home", lambda: slice_named("bare", 100), lambda: slice_named("page", 25))
    assert order == ["bare", "page"] * 5
    assert result.ratio == 0.25


def test_row_at_several_depths_compares_the_fastest_slices_of_page_and_bare_request():
    depths = []

    def slice_at_depth(milliseconds: dict[int, float]) -> Slice:
        depths.append(len(inspect.stack(0)))
        step = (depths[-1] - depths[0]) // DEPTHS.step
        cpu_ms = milliseconds.get(step, 50)
        return Slice(1000 / cpu_ms, cpu_ms)

    measured = measure_at_depths("home", lambda: slice_at_depth({4: 2}), lambda: slice_at_depth({7: 8}))
    assert depths == [depths[0] + depth for depth in DEPTHS for _ in ("bare", "page")]
    assert (measured.per_second, measured.cpu_ms, measured.ratio, measured.cpu_ratio) == (125, 8, 0.25, 0.25)
    assert measured.cpu_spread == (2 / 50, 50 / 8)


def test_page_that_takes_longer_than_its_slice_is_requested_once():
    requests = []
    result = measure_slice(lambda: requests.append(1), seconds=0)
    assert len(requests) == 1
    assert result.per_second > 0


@pytest.mark.parametrize(("load_average", "noisy"), [(0.0, False), (1.0, False), (1.01, True), (7.5, True)])
def test_figures_are_noisy_above_a_load_average_of_one(load_average, noisy):
    assert is_noisy(load_average) is noisy
    assert figures(load_average=load_average).noisy is noisy


@pytest.mark.parametrize(
    ("before", "after", "is_worse"),
    [
        (row(cpu_ratio=0.40), row(cpu_ratio=0.35), True),
        (row(cpu_ratio=0.40), row(cpu_ratio=0.37), False),
        (row(cpu_ratio=0.40), row(cpu_ratio=0.90), False),
        (row(ratio=0.5, cpu_ratio=0.4), row(ratio=0.1, cpu_ratio=0.4), False),
        (row(ratio=0.5, cpu_ratio=0.4), row(ratio=0.5, cpu_ratio=0.1), True),
        (row(ratio=0.5, cpu_ratio=None), row(ratio=0.44, cpu_ratio=None), True),
        (row(ratio=0.5, cpu_ratio=None), row(ratio=0.46, cpu_ratio=None), False),
        (row(ratio=0.5, cpu_ratio=0.4), row(ratio=0.1, cpu_ratio=None), True),
        (row(ratio=0.5, cpu_ratio=None), row(ratio=0.5, cpu_ratio=0.1), False),
    ],
    ids=[
        "drops 12 %",
        "drops 7 %",
        "rises",
        "other throughput, same processor time",
        "same throughput, more processor time",
        "throughput only, drops 12 %",
        "throughput only, drops 8 %",
        "processor time known before only",
        "processor time known after only",
    ],
)
def test_row_is_worse_if_its_cpu_ratio_or_else_its_ratio_drops_by_more_than_a_tenth(before, after, is_worse):
    assert bool(compare(rows(before), rows(after)).worse) is is_worse


def test_comparison_lists_the_worst_row_first():
    before = rows(row("a", cpu_ratio=1.0), row("b", cpu_ratio=1.0), row("c", cpu_ratio=1.0))
    after = rows(row("a", cpu_ratio=0.8), row("b", cpu_ratio=0.5), row("c", cpu_ratio=1.0))
    assert [now.name for _, now in compare(before, after).worse] == ["b", "a"]


def test_comparison_names_the_rows_of_only_one_set_of_figures():
    found = compare(rows(row("home"), row("desk")), rows(row("home"), row("lesson")))
    assert (found.compared, found.missing, found.new) == (1, ["desk"], ["lesson"])


def test_report_lists_worse_rows_with_both_figures():
    before = figures(row("home", cpu_ratio=0.4), row("desk"))
    after = figures(row("home", cpu_ratio=0.3), row("lesson"), load_average=2.25)
    assert comparison_lines(before, after) == [
        "Rows compared with those of commit 0123456789ab: 1.",
        "The new figures are noisy: the load average was 2.2.",
        "These rows are worse by more than 10%:",
        "  home: CPU ratio 0.4, now 0.3 (-25%)",
        "Missing, measured only then: desk",
        "New, measured only now: lesson",
    ]


def test_report_says_that_no_row_is_worse():
    before = figures(row("home", ratio=0.5, cpu_ratio=None), load_average=3)
    assert comparison_lines(before, figures(row("home", ratio=0.6, cpu_ratio=None))) == [
        "Rows compared with those of commit 0123456789ab: 1.",
        "The earlier figures are noisy: the load average was 3.0.",
        "No row is worse by more than 10%.",
    ]


def test_report_makes_no_claim_if_no_row_is_in_both_sets():
    assert comparison_lines(figures(row("home")), figures(row("desk"))) == [
        "Rows compared with those of commit 0123456789ab: 0.",
        "Missing, measured only then: home",
        "New, measured only now: desk",
    ]


def test_figures_survive_writing_and_reading_a_file(tmp_path):
    file = tmp_path / "before.json"
    saved = figures(row("progress, 25 × 12"), row("home", cpu_ratio=None), load_average=1.5)
    write_figures(file, saved)
    assert read_figures(file) == saved
    assert [each.name for each in tmp_path.iterdir()] == ["before.json"]


def test_file_of_figures_is_plain_json(tmp_path):
    write_figures(tmp_path / "before.json", figures(row("home"), load_average=1.5))
    stored = json.loads((tmp_path / "before.json").read_text())
    assert stored == {
        "commit": "0123456789ab",
        "load_average": 1.5,
        "noisy": True,
        "rows": {
            "home": {
                "per_second": 100,
                "cpu_ms": 2.5,
                "ratio": 0.5,
                "spread": [0.2, 0.8],
                "cpu_ratio": 0.4,
                "cpu_spread": [0.1, 0.9],
            }
        },
    }


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"commit": "a", "load_average": 0, "rows": {"home": {"ratio": 1}}}'])
def test_file_with_other_content_is_refused(tmp_path, text):
    (tmp_path / "other.json").write_text(text)
    with pytest.raises((ValueError, KeyError, TypeError)):
        read_figures(tmp_path / "other.json")


@pytest.mark.parametrize(
    ("words", "chosen"), [([], True), (["save"], True), (["desk", "save"], True), (["desk"], False)]
)
def test_row_is_measured_if_its_name_has_a_given_word_or_no_word_is_given(words, chosen):
    assert is_chosen("save an answer", words) is chosen


@pytest.mark.parametrize(
    ("value", "text"), [(1.714, "1.71"), (0.0614, "0.0614"), (0.00043, "0.0004"), (None, "–"), (14.76, "14.8")]
)
def test_small_ratios_are_printed_with_enough_digits(value, text):
    assert format_number(value) == text
