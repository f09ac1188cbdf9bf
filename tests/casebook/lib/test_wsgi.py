"""The wrapper that makes room for the calls of a request. test_cached_pages.py tests the other one."""

import resource
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from casebook.lib.wsgi import in_one_stack_chunk
from tests.load.measuring import at_depth

CALLS = 2_000
FRAMES_IN_A_CHUNK = 130  # at most, of at_depth


def call_often(*_: object) -> list[bytes]:
    """Call a function in a loop. At some depths, each call crosses the end of a chunk of 16 KB."""
    for _call in range(CALLS):
        at_depth(3, int)
    return [b"answer"]


def page_faults(function: Callable[[], object]) -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    function()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def most_page_faults(application: Callable) -> int:
    """Return the most page faults of a request at any depth of a new stack; that of the tests is in one chunk."""

    def measure() -> int:
        application({}, print)
        depths = range(FRAMES_IN_A_CHUNK)
        return max(page_faults(lambda depth=depth: at_depth(depth, lambda: application({}, print))) for depth in depths)

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(measure).result()


def test_request_has_few_page_faults_at_every_stack_depth():
    assert most_page_faults(in_one_stack_chunk(call_often)) < CALLS / 4


def test_wrapper_passes_the_request_on_and_returns_the_response():
    response = in_one_stack_chunk(lambda environ, start_response: [environ["body"], start_response])
    assert response({"body": b"text"}, len) == [b"text", len]


def test_wrapper_does_not_catch_exceptions():
    def fail(environ, start_response):
        raise ValueError("no page")

    with pytest.raises(ValueError, match="no page"):
        in_one_stack_chunk(fail)({}, print)
