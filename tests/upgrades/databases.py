"""Databases that hold a dump: made, dumped, restored, read by plain SQL and dropped, without Django's models.

A dump of SQLite is the database file itself, since SQL text cannot restore the search table. A dump of PostgreSQL is
SQL with INSERT statements, which psycopg can run on any version of the server. Both are compressed by xz.
"""

import json
import lzma
import os
import re
import secrets
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
ENDINGS = {"sqlite": ".sqlite3.xz", "postgresql": ".postgresql.sql.xz"}
# Sessions in a dump are signed with it, so it is the same wherever a dump is made or opened. It protects nothing.
SECRET_KEY = "known-to-everybody-since-it-is-in-the-repository-of-the-casebook"

# The tables and columns that hold no words of people. Everything else that is text is compared, so that a new table or
# column takes part without anybody thinking of it.
TABLES_WITHOUT_WORDS = {
    "auth_permission",
    "cache",
    "cases_searchword",
    "django_content_type",
    "django_migrations",
    "django_session",
}
COLUMNS_WITHOUT_WORDS = {"batch", "key_hash", "password", "source_hash", "text_hash", "token_hash", "writer"}
SEARCH_TABLES = re.compile("cases_search(_.*)?")  # what is in them is made again from the cases

# A text belongs to its row. Rows that say the same of the same owner may become one, so there the text belongs to what
# these columns name together. More than one row of an owner may have the text.
OWNERS = {
    "questions_answerversion": ("answer_id", "kind"),
    "questions_feedbackversion": ("submission_id", "author_id", "kind"),
}


def vendor_of(url: str) -> str:
    return "postgresql" if url.startswith("postgres") else "sqlite"


# --- Making and dropping ---


@contextmanager
def fresh_database(server: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database that exists until the block ends: on this PostgreSQL server, or a file in this
    folder."""
    if vendor_of(server) == "sqlite":
        yield f"sqlite:///{folder / 'upgrade.sqlite3'}"
        return
    name = f"upgrade_{secrets.token_hex(6)}"
    _run_on(server, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        _run_on(server, f"DROP DATABASE {name} WITH (FORCE)")


def _run_on(server: str, sql: str) -> None:
    import psycopg

    with closing(psycopg.connect(server, autocommit=True)) as connection:
        connection.execute(sql)


def connect(url: str) -> Any:
    """A connection with .execute(sql).fetchall(), to SQLite or to PostgreSQL."""
    if vendor_of(url) == "sqlite":
        return sqlite3.connect(_file(url))
    import psycopg

    return psycopg.connect(url)


def _file(url: str) -> Path:
    return Path(unquote(url.removeprefix("sqlite:///")))


def environment(url: str, folder: Path) -> dict[str, str]:
    """The environment of a site on this database, with nothing of the site that people use on this machine."""
    ours = ("DATABASE_URL", "EMAIL_URL", "BEHIND_PROXY", "TRUSTED_PROXIES", "DEMO", "DEBUG", "SITE_URL")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return kept | {
        "DATABASE_URL": url,
        "VAR_DIR": str(folder),
        "SECRET_KEY": SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": "casebook.settings",
        "PYTHONPATH": str(ROOT),
    }


# --- Dumping and restoring ---


def dumps_of(vendor: str) -> list[Path]:
    return sorted(FOLDER.glob(f"*{ENDINGS[vendor]}"))


def dump(url: str) -> bytes:
    """All of the database, compressed; the same on each machine but for what differs in the rows."""
    raw = _sqlite_file(_file(url)) if vendor_of(url) == "sqlite" else _postgresql_statements(url)
    return lzma.compress(raw, preset=9 | lzma.PRESET_EXTREME)


def _sqlite_file(file: Path) -> bytes:
    copy = file.with_name("vacuumed.sqlite3")
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        search = "SELECT name FROM sqlite_master WHERE sql LIKE '%USING fts5%'"
        for (table,) in connection.execute(search).fetchall():
            connection.execute(f"INSERT INTO {table}({table}) VALUES ('optimize')")  # a third smaller
        connection.execute("VACUUM INTO ?", [str(copy)])
    return copy.read_bytes()


def _postgresql_statements(url: str) -> bytes:
    command = ["pg_dump", "--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=50", "--dbname", url]
    text = subprocess.run(command, check=True, capture_output=True).stdout.decode()
    # Before the first table are only settings of this version of pg_dump, and after the last statement a command of
    # psql. In between nothing is touched: a line of somebody's answer can look like a setting.
    text = text[text.index("CREATE TABLE ") :]
    return text[: text.rindex(";\n") + 2].encode()


def restore(dump: Path, url: str) -> None:
    """Fill an empty database with this dump."""
    raw = lzma.decompress(dump.read_bytes())
    if vendor_of(url) == "sqlite":
        _file(url).write_bytes(raw)
        return
    with closing(connect(url)) as connection:
        connection.execute(raw.decode())
        connection.commit()


# --- Reading ---

Text = tuple[str, str, tuple, str | bytes]  # table, column, owner, text


def texts(url: str) -> set[Text]:
    """Everything that people wrote, in whatever table it is, with what it belongs to."""
    found = set()
    with closing(connect(url)) as connection:
        for table in tables(connection):
            if table in TABLES_WITHOUT_WORDS or SEARCH_TABLES.fullmatch(table):
                continue
            owner = OWNERS.get(table) or _primary_key(connection, table)
            columns = [name for name in _text_columns(connection, table) if name not in COLUMNS_WITHOUT_WORDS]
            chosen = ", ".join(f'"{name}"' for name in (*owner, *columns))
            for row in connection.execute(f'SELECT {chosen} FROM "{table}"').fetchall():
                key, cells = row[: len(owner)], row[len(owner) :]
                found |= {(table, name, key, _plain(cell)) for name, cell in zip(columns, cells, strict=True) if cell}
    return found


def _plain(cell: Any) -> str | bytes:
    """A cell as it can be compared: PostgreSQL gives JSON as the values that it stands for."""
    return json.dumps(cell, sort_keys=True, ensure_ascii=False) if isinstance(cell, list | dict) else cell


def snapshot(url: str) -> dict[str, str]:
    """A fingerprint of the rows of each table, to see that nothing changed."""
    with closing(connect(url)) as connection:
        return {table: _fingerprint(connection, table) for table in tables(connection)}


def _fingerprint(connection: Any, table: str) -> str:
    rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
    return f"{len(rows)} rows, {sha256(repr(sorted(map(repr, rows))).encode()).hexdigest()[:16]}"


def tables(connection: Any) -> list[str]:
    if isinstance(connection, sqlite3.Connection):
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
    else:
        sql = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    return [name for (name,) in connection.execute(sql).fetchall()]


def _text_columns(connection: Any, table: str) -> list[str]:
    if isinstance(connection, sqlite3.Connection):
        columns = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
        return [name for _number, name, kind, *_ in columns if re.match("(?i)varchar|char|text|blob", kind)]
    kinds = "('character varying', 'character', 'text', 'json', 'jsonb', 'bytea')"
    sql = (
        f"SELECT column_name FROM information_schema.columns WHERE table_name = %s AND data_type IN {kinds} ORDER BY 1"
    )
    return [name for (name,) in connection.execute(sql, [table]).fetchall()]


def _primary_key(connection: Any, table: str) -> tuple[str, ...]:
    if isinstance(connection, sqlite3.Connection):
        columns = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
        return tuple(column[1] for column in columns if column[5])
    sql = (
        "SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)"
        f" WHERE indisprimary AND indrelid = 'public.{table}'::regclass ORDER BY attnum"
    )
    return tuple(name for (name,) in connection.execute(sql).fetchall())
