"""Text of unknown origin in Streamlit's Markdown. What a browser makes of it is in the browser's tests."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ui.text import plain, shortened, unbroken

ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")  # CommonMark: a backslash escapes ASCII punctuation
JOINER = "\u2060"


def shown(markdown: str) -> str:
    """The characters that CommonMark shows for text whose marks are all escaped."""
    return ESCAPE.sub(r"\1", markdown).replace(JOINER, "")


def unescaped(markdown: str) -> str:
    """What CommonMark could still take for a mark."""
    return ESCAPE.sub("", markdown)


@given(st.text())
def test_every_character_is_shown(text: str) -> None:
    text = text.replace(JOINER, "")
    assert shown(plain(text)) == " ".join(text.split())


@given(st.text(alphabet="ab*_`~<>[]()#|$&\\:!-+=.1 \n{}@/w"))
def test_no_mark_is_left(text: str) -> None:
    markdown = plain(text)
    assert not re.search(r"[\\`*_\[\]<>#|~$&{}\n]", unescaped(markdown))
    assert not re.search(r":(?=[^\s\u2060])", markdown), "a directive, an icon, an emoji or a web address"
    assert not re.match(r"\d*[-+=.)]", markdown), "a list or an underlined heading"


@pytest.mark.parametrize(
    "text",
    [
        ":material/home:", ":red[x]", ":smile:", "https://evil.example", "www.evil.example", "me@evil.example",
        "a -> b", "a--b", "x >= y", "a <- b", "WWW.EVIL.EXAMPLE",
    ],
)  # fmt: skip
def test_what_is_rewritten_despite_escapes_is_taken_apart(text: str) -> None:
    """Streamlit and GitHub's Markdown look for these in the finished text, where escapes are gone."""
    finished = ESCAPE.sub(r"\1", plain(text))
    assert text not in finished and shown(plain(text)) == text


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 10, "short"),
        ("a\nb", 10, "a b"),
        ("abcdefghijklmnop", 10, "abcdef…nop"),
        ("x" * 50, 22, "x" * 14 + "…" + "x" * 7),
    ],
)
def test_long_names_keep_both_ends(text: str, limit: int, expected: str) -> None:
    assert shortened(text, limit) == expected and len(expected) <= limit


def test_unbroken_text_does_not_wrap() -> None:
    assert unbroken("0.1 to 0.2").split(" ") == ["0.1\u00a0to\u00a00.2"]
