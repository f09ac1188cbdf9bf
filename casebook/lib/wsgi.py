"""A WSGI wrapper that corrects requests before Django reads them, and responses to HEAD."""

import re
from collections.abc import Callable, Iterable
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

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
