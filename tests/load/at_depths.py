"""The WSGI application of `make bench`, which calls a site at another stack depth for each request.

The site is MEASURED_SITE, or else that of the Django settings. `measuring.py` explains why the depth matters.
"""

import os
from collections.abc import Callable, Iterable
from itertools import cycle

from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string
from measuring import DEPTHS, at_depth

name = os.environ.get("MEASURED_SITE")
site = import_string(name) if name else get_wsgi_application()
depths = cycle(DEPTHS)


def application(environ: dict, start_response: Callable) -> Iterable[bytes]:
    """Answer a request as the measured site does."""
    return at_depth(next(depths), lambda: site(environ, start_response))
