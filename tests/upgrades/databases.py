"""Databases of dumps: created, dumped, restored, read with plain SQL and dropped, without the models of Django.

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
SUFFIXES = {"sqlite": ".sqlite3.xz", "postgresql": ".postgresql.sql.xz"}
# Sessions in a dump are signed with this key, so it is the same on every machine. It protects nothing.
SECRET_KEY = "known-to-everybody-since-it-is-in-the-repository-of-the-casebook"

# The tables and columns without texts of users. All other texts are compared, so that new tables and columns are
# included automatically.
TABLES_WITHOUT_TEXTS = {
    "auth_permission",
    "cache",
    "cases_searchword",
    "django_content_type",
    "django_migrations",
    "django_session",
}
COLUMNS_WITHOUT_TEXTS = {"batch", "key_hash", "password", "source_hash", "text_hash", "token_hash", "writer"}
SEARCH_TABLES = re.compile("cases_search(_.*)?")  # their content is generated from the cases

# A text belongs to the primary key of its row. In these tables a migration can merge rows with the same text, so there
# the text belongs to the values of these columns, which several rows can have.
OWNERS = {
    "questions_answerversion": ("answer_id", "kind"),
    "questions_feedbackversion": ("submission_id", "author_id", "kind"),
}


def vendor_of(url: str) -> str:
    return "postgresql" if url.startswith("postgres") else "sqlite"


# --- Creating and dropping ---


@contextmanager
def temporary_database(server: str, folder: Path) -> Iterator[str]:
    """Yield the URL of an empty database that exists until the block ends: on this server, or a file in this folder."""
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
    """Return a connection to SQLite or PostgreSQL that has .execute(sql).fetchall()."""
    if vendor_of(url) == "sqlite":
        return sqlite3.connect(_file(url))
    import psycopg

    return psycopg.connect(url)


def _file(url: str) -> Path:
    return Path(unquote(url.removeprefix("sqlite:///")))


def environment(url: str, folder: Path) -> dict[str, str]:
    """Return the environment of a site with this database, without the settings of another site on this machine."""
    ignored = ("DATABASE_URL", "EMAIL_URL", "BEHIND_PROXY", "TRUSTED_PROXIES", "DEMO", "DEBUG", "SITE_URL")
    inherited = {name: value for name, value in os.environ.items() if name not in ignored}
    return inherited | {
        "DATABASE_URL": url,
        "VAR_DIR": str(folder),
        "SECRET_KEY": SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": "casebook.settings",
        "PYTHONPATH": str(ROOT),
    }


# --- Dumping and restoring ---


def dumps_of(vendor: str) -> list[Path]:
    return sorted(FOLDER.glob(f"*{SUFFIXES[vendor]}"))


def dump(url: str) -> bytes:
    """Return the compressed database. Machines differ only in the rows, not in the format."""
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
    # Remove the settings of this version of pg_dump before the first table, and the command of psql at the end. The
    # lines in between are unchanged, since a line of an answer can look like a setting.
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
    """Return the texts of users in all tables, with the owner of each text."""
    found = set()
    with closing(connect(url)) as connection:
        for table in tables(connection):
            if table in TABLES_WITHOUT_TEXTS or SEARCH_TABLES.fullmatch(table):
                continue
            owner = OWNERS.get(table) or _primary_key(connection, table)
            columns = [name for name in _text_columns(connection, table) if name not in COLUMNS_WITHOUT_TEXTS]
            selected = ", ".join(f'"{name}"' for name in (*owner, *columns))
            for row in connection.execute(f'SELECT {selected} FROM "{table}"').fetchall():
                key, cells = row[: len(owner)], row[len(owner) :]
                found |= {
                    (table, name, key, _comparable(cell)) for name, cell in zip(columns, cells, strict=True) if cell
                }
    return found


def _comparable(cell: Any) -> str | bytes:
    """Return a cell in a form that can be compared, since PostgreSQL decodes JSON."""
    return json.dumps(cell, sort_keys=True, ensure_ascii=False) if isinstance(cell, list | dict) else cell


def snapshot(url: str) -> dict[str, str]:
    """Return a fingerprint of the rows of each table, to detect changes."""
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
