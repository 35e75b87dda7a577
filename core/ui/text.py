"""Text of unknown origin, made safe to stand in Streamlit's Markdown."""

from __future__ import annotations

import re

_MARKS = re.compile(r"[\\`*_\[\]<>#|~$&{}]")
_LINE_START = re.compile(r"^(\d*)([-+=.)])")
# What Streamlit or GitHub's Markdown rewrites even when escaped: `:material/x:`, emoji and colour
# directives, bare web and mail addresses, arrows and dashes. An invisible joiner takes them apart.
_REWRITTEN = re.compile(r":(?=\S)|www(?=\.)|@|[-=~<>](?=[-=<>])", re.IGNORECASE)
_WORD_JOINER = "\u2060"


def plain(text: str) -> str:
    """`text` such that Markdown shows its characters and nothing else, on one line.

    Names, class names and error texts come from files and servers that others wrote, so that each
    of them goes through here on its way to a label, a caption or a paragraph.
    """
    line = " ".join(text.split())
    taken_apart = _REWRITTEN.sub(lambda found: found[0] + _WORD_JOINER, line)
    escaped = _MARKS.sub(lambda found: "\\" + found[0], taken_apart)
    return _LINE_START.sub(lambda found: found[1] + "\\" + found[2], escaped)


def unbroken(text: str) -> str:
    """`text` that does not wrap within a narrow cell."""
    return text.replace(" ", "\u00a0")


def without_name(text: str, name: str) -> str:
    """A message without the name that it begins with, to stand beside that name."""
    return text.removeprefix(f"{name}: ")


def shortened(text: str, limit: int = 40) -> str:
    """`text` on one line, its middle replaced by an ellipsis where it is longer than `limit`."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    head = (limit - 1) * 2 // 3
    return f"{line[:head].rstrip()}…{line[len(line) - (limit - 1 - head) :].lstrip()}"
