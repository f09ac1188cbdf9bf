"""What is put right between a server and Django, before Django makes a request of it."""

import re
from collections.abc import Callable, Iterable

CHARSET = re.compile(r";\s*charset\s*=\s*(?:\"[^\"]*\"|[^;]*)", re.IGNORECASE)


def plain_http(application: Callable) -> Callable:
    """The application, for requests in UTF-8, and with no more than the head in answer to HEAD.

    Django reads the query string, too, in the charset that a request names, whatever it is; pages are kept for all by
    what it says. All addresses and forms here are UTF-8. Not every server leaves out the body of an answer to HEAD.
    """

    def answering(environ: dict, start_response: Callable) -> Iterable[bytes]:
        if "charset" in environ.get("CONTENT_TYPE", "").lower():
            environ["CONTENT_TYPE"] = CHARSET.sub("", environ["CONTENT_TYPE"])
        answer = application(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return answer
        if hasattr(answer, "close"):
            answer.close()
        return [b""]

    return answering
