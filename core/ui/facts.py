"""Small labelled values in a row that wraps on a narrow screen."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st


def facts(values: Mapping[str, str]) -> None:
    """Draw each value under its label; both are Markdown, so text of unknown origin has to be `plain`."""
    with st.container(horizontal=True, gap="medium"):
        for label, value in values.items():
            fact(label, value)


def fact(label: str, value: str, *, width: int | None = None) -> None:
    """One value under its label, `width` pixels wide or as wide as it needs."""
    with st.container(width=width or "content"):
        st.markdown(f":small[:gray[{label}]]  \n{value}")
