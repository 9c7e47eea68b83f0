"""Addresses: what they name, and that no message repeats a password."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_risk.database.address import is_address, parse, transaction
from geo_risk.errors import InputError

HOST = "postgresql://u:secret@h:5433/d"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgis", "postgresql+psycopg", "postgresql+psycopg2"])
def test_every_spelling_is_the_same_database(scheme):
    text = HOST.replace("postgresql", scheme) + "#s.t"
    assert is_address(text)
    assert parse(text) == parse(HOST + "#s.t")
    assert not is_address("inputs/postgresql.csv")


@pytest.mark.parametrize(
    ("fragment", "names"),
    [
        ("t", (None, "t", None)),
        ("s.t", ("s", "t", None)),
        ("s.t.geom", ("s", "t", "geom")),
        ('"a.b"."c""d"', ("a.b", 'c"d', None)),
        ("图层.企业名录", ("图层", "企业名录", None)),
        ("a b;--", (None, "a b;--", None)),
        ('"x@y"', (None, "x@y", None)),
    ],
)
def test_names(fragment, names):
    found = parse(f"{HOST}#{fragment}")
    assert (found.schema, found.table, found.column) == names


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=15),
        min_size=2,
        max_size=2,
    )
)
def test_any_quoted_name_comes_back(parts):
    quoted = ".".join('"' + p.replace('"', '""') + '"' for p in parts)
    found = parse(f"{HOST}#{quoted}")
    assert [found.schema, found.table] == parts


@pytest.mark.parametrize("fragment", ["a.b.c.d", "a..b", ".a", "a.", '"a', 'a"b', "x" * 64, "企" * 22])
def test_names_that_are_none(fragment):
    with pytest.raises(InputError, match=r"not the name of a table|takes 1 to 63|a\"b") as caught:
        parse(f"{HOST}#{fragment}")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:sec#ret@h/d#t",
        "postgresql://u:secret@h:port/d",
        "postgresql://u:secret@[h/d",
        "postgresql://u@127.0.0.1:1/d?password=secret#t",
        "postgresql://u:secret@127.0.0.1:1/d#t",
        "postgresql://u:secret@127.0.0.1:1/d?nonsense=1#t",
    ],
)
def test_no_message_repeats_a_password(text):
    with pytest.raises(InputError) as caught:  # noqa: PT012
        address = parse(text)
        assert "secret" not in address.shown
        assert "secret" not in repr(address)
        with transaction(address, "cannot read"):
            pass
    assert "secret" not in str(caught.value)
    assert "ret@" not in str(caught.value)


def test_an_address_cannot_change_how_transactions_work():
    url = parse("postgresql://u@h/d?autocommit=1&row_factory=x&sslmode=require").url
    assert dict(url.query) == {"sslmode": "require"}
    assert "secret" not in parse("postgresql://u@h/d?sslpassword=secret").shown
