"""Wrappers: one corrects requests and responses, the other makes room for the calls of a request or a test."""

import re
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

STACK_SLOTS = 16_000  # of 8 bytes: 128 KB
CHARSET = re.compile(r";\s*charset\s*=\s*(?:\"[^\"]*\"|[^;]*)", re.IGNORECASE)


def plain_http(application: Application) -> Application:
    """Wrap the application: ignore the charset that a request names, and send no body in the response to HEAD.

    Django decodes the query string, too, with that charset, and pages are cached for everybody by the decoded text. All
    addresses and forms of this site are UTF-8. Not every server leaves out the body of a response to HEAD.
    """

    def answering(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "charset" in environ.get("CONTENT_TYPE", "").lower():
            environ["CONTENT_TYPE"] = CHARSET.sub("", environ["CONTENT_TYPE"])
        answer = application(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return answer
        if hasattr(answer, "close"):
            answer.close()
        return [b""]

    return answering


def in_one_stack_chunk(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Wrap the function: run each call in one chunk of the stack, which makes pages up to twice as fast.

    CPython 3.11 and later store frames in chunks of 16 KB, and allocate or free a chunk whenever a call crosses its
    end. A page that does this in a loop has thousands of page faults, and whether it does depends on how deep the
    server calls it. A frame that claims 128 KB gets a chunk of 256 KB, and the calls below it fit in the rest.
    """

    def call(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        return function(*arguments, **named)

    call.__code__ = call.__code__.replace(co_stacksize=STACK_SLOTS)
    return call
