"""Every rate limit of the site: how often a client can try something, and the one statement that counts.

A window begins with the first attempt and ends by itself; further attempts do not extend it. A school is one network
address, so the limits of an address are high: hundreds of users come when lessons start. No client can use up the
attempts of another user's browser: one that signed in to an account before has counts of its own for it
(casebook/accounts/known_browsers.py).

Attempts are counted before they are made, and subtracted where they turn out to be right. So of a hundred at once no
more pass than the limit says. Keys are hashes: the table reveals neither addresses nor users.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

log = logging.getLogger(__name__)


class Limit(NamedTuple):
    name: str
    most: int
    seconds: int


MINUTE = 60
# Wrong passwords: of one account by any client, and of all accounts together by one network address.
PASSWORDS = Limit("password", 10, 5 * MINUTE)
PASSWORDS_OF_ADDRESS = Limit("passwords of address", 300, 5 * MINUTE)
# Created accounts; a form with a mistake creates none.
SIGN_UPS = Limit("sign-ups of address", 300, 5 * MINUTE)
# Mails with a code or a link: to one mail address, and to all together from one network address.
MAILS = Limit("mail", 3, 5 * MINUTE)
MAILS_OF_ADDRESS = Limit("mails of address", 300, 5 * MINUTE)
# Each of these mails a user, and the first reveals whether an address has an account.
ADDRESS_CHANGES = Limit("address changes", 5, 60 * MINUTE)
LEAVING = Limit("leaving", 3, 60 * MINUTE)
# Wrong codes from a mail, of each code that was sent.
TYPED_CODES = Limit("typed code", 3, 15 * MINUTE)
# Wrong join codes. There are 887 million codes: at this rate an account that guesses day and night finds one of a
# thousand open modules in two and a half years, and a class that mistypes never reaches the limit. Visitors are counted
# by browser.
CODES = Limit("join code", 10, 15 * MINUTE)
CODES_OF_ADDRESS = Limit("join codes of address", 300, 15 * MINUTE)
# From a network address with so many wrong codes, an account has three attempts instead of ten.
CODES_AT_A_BUSY_ADDRESS = 3

LONGEST_KEY = 40


def _rows() -> QuerySet:
    return apps.get_model("casebook", "AttemptCount").objects.all()


COUNT = """
    INSERT INTO casebook_attemptcount AS counted (key, count, ends_at) VALUES (%s, 1, %s)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN counted.ends_at <= %s THEN 1 ELSE counted.count + 1 END,
        ends_at = CASE WHEN counted.ends_at <= %s THEN excluded.ends_at ELSE counted.ends_at END
    RETURNING count
"""


class LimitReachedError(Exception):
    """The limit allows no more attempts."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit.name)
        self.limit = limit


class Count(NamedTuple):
    """One limit for one address, account or browser."""

    limit: Limit
    who: str

    @property
    def key(self) -> str:
        return salted_hmac(f"casebook.limits.{self.limit.name}", self.who).hexdigest()[:LONGEST_KEY]

    def add(self) -> int:
        """Add one to the count, in one statement. Returns the count in this window."""
        now = timezone.now()
        moment = connection.ops.adapt_datetimefield_value
        ends_at = now + timedelta(seconds=self.limit.seconds)
        with connection.cursor() as cursor:
            cursor.execute(COUNT, [self.key, moment(ends_at), moment(now), moment(now)])
            (count,) = cursor.fetchone()
        if count == 1:
            tidy()
        return count

    def take_back(self) -> None:
        _rows().filter(key=self.key, count__gt=0, ends_at__gt=timezone.now()).update(count=F("count") - 1)

    def forget(self) -> None:
        _rows().filter(key=self.key).delete()


def tidy() -> None:
    """Delete the counts of windows that are over."""
    _rows().filter(ends_at__lte=timezone.now()).delete()


def take(*counts: Count) -> None:
    """Count one attempt in each of these. Raises LimitReachedError where one of them allows no more.

    In that case none has counted it, so that a refusal uses up nothing.
    """
    for position, count in enumerate(counts, start=1):
        if count.add() > count.limit.most:
            for taken in counts[:position]:
                taken.take_back()
            raise LimitReachedError(count.limit)


def so_far(*counts: Count) -> list[int]:
    """Return the present count of each of these, in one query."""
    keys = {count.key for count in counts}
    rows = _rows().filter(key__in=keys, ends_at__gt=timezone.now())
    found = dict(rows.values_list("key", "count"))
    return [found.get(count.key, 0) for count in counts]


@contextmanager
def attempt(*counts: Count) -> Iterator[None]:
    """Count an attempt that only counts where it succeeds: subtracted again where the block raises."""
    take(*counts)
    try:
        yield
    except BaseException:
        for count in counts:
            count.take_back()
        raise


# The client of a request


def network_address(request: HttpRequest) -> str:
    """Return the address that the outermost of our own proxies saw as the client (TRUSTED_PROXIES).

    Addresses further to the left in X-Forwarded-For are written by the visitor, and without such a proxy all of them.
    IPv6 counts by /64, which is what one household or phone has. A server behind a socket gets no address: then all
    clients count as one.
    """
    seen = [request.META.get("REMOTE_ADDR", "")]
    hops = settings.TRUSTED_PROXIES
    if hops and (named := request.headers.get("X-Forwarded-For")):
        seen = [*named.split(","), *seen]
    elif hops:
        log.warning("TRUSTED_PROXIES=%s, but a request came without X-Forwarded-For; see README", hops)
    return canonical(seen[-1 - hops]) if len(seen) > hops else canonical(seen[-1])


def canonical(address: str) -> str:
    """Return the address, or for IPv6 its /64. All malformed addresses count as one visitor: ''."""
    address = address.strip()
    if address.startswith("["):  # [2001:db8::1]:443
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:  # 203.0.113.9:443
        address = address.partition(":")[0]
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(IPv6Network((parsed, 64), strict=False).network_address)
    return str(parsed)
