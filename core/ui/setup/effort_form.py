"""How hard to look, and what that will take."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.config import EFFORTS, AuditConfig, Baseline, Effort
from core.scoring.table import REPORTED
from core.synthesis.settings import METHODS, RULES, SynthesisConfig, settings_of
from core.ui.words import EFFORT_HELP, EFFORT_LABELS
from core.values import Device
from core.words import METHODS as METHOD_WORDS
from core.words import PROBE_SET_HELP, PROBE_SETS
from core.words import RULES as RULE_WORDS

DEVICES: dict[Device, str] = {
    "auto": "the best there is",
    "cpu": "processor",
    "cuda": "NVIDIA GPU (cuda)",
    "mps": "Apple GPU (mps)",
}
IN_FILES_ONLY = ("folder", "mix")  # need more than a name; an audit's TOML file may ask for them
USUAL = "usual"  # the method's own selection; None would be no choice at all to a select box
BASELINES: tuple[Baseline, ...] = AuditConfig.model_fields["baselines"].default


@dataclass(frozen=True)
class EffortChoice:
    """Fields of an `AuditConfig`, by its names."""

    effort: Effort
    baselines: tuple[Baseline, ...]
    device: Device
    score: str
    synthesis: SynthesisConfig
    seed: int
    probes: int | None
    budget: int | None
    ask_anyway: bool


def effort_form() -> EffortChoice:
    """The level, and behind a fold what it leaves to choose."""
    for name, value in _defaults().items():
        st.session_state.setdefault(f"setup_{name}", value)
    left, right = st.columns(2)
    effort = left.segmented_control(
        "Effort",
        list(EFFORTS),
        required=True,
        format_func=EFFORT_LABELS.__getitem__,
        key="setup_effort",
        persist_state="session",
        help=EFFORT_HELP,
    )
    baselines = right.pills(
        "Baselines to ask as well",
        BASELINES,
        selection_mode="multi",
        wrap=True,
        format_func=PROBE_SETS.__getitem__,
        key="setup_baselines",
        persist_state="session",
        help=" ".join(f"{PROBE_SETS[name]}: {PROBE_SET_HELP[name]}" for name in BASELINES)
        + " Each costs as many queries as the synthesised probes.",
    )
    with st.expander("Advanced", icon=":material/settings:"):
        return EffortChoice(effort, tuple(b for b in BASELINES if b in baselines), *_advanced(EFFORTS[effort].probes))


def _advanced(usual: int) -> tuple[Device, str, SynthesisConfig, int, int | None, int | None, bool]:
    """Device, score, synthesis, seed, probes, budget, ask_anyway."""
    score, device = st.columns(2)
    method, rule = st.columns(2)
    probes, budget, seed = st.columns(3)
    chosen = (
        device.selectbox(
            "Compute on",
            list(DEVICES),
            format_func=DEVICES.__getitem__,
            key="setup_device",
            persist_state="session",
            help="Where probes are synthesised. One that is not there is refused when the audit starts.",
        ),
        score.selectbox(
            "Score to rank by",
            list(REPORTED),
            format_func=lambda name: REPORTED[name].label,
            key="setup_score",
            persist_state="session",
            help="All of these are computed; this one decides the ranking.",
        ),
        _synthesis(method, rule),
        seed.number_input(
            "Seed",
            min_value=0,
            max_value=2**31 - 1,
            key="setup_seed",
            persist_state="session",
            help="The same seed and settings draw the same probes.",
        ),
        probes.number_input(
            "Probes in each set",
            min_value=2,
            max_value=10_000,
            key="setup_probes",
            persist_state="session",
            placeholder=str(usual),
            help="Empty: as the effort says. More probes narrow the intervals and cost queries.",
        ),
        budget.number_input(
            "Budget, images",
            min_value=1,
            max_value=10**9,
            key="setup_budget",
            persist_state="session",
            placeholder="no limit",
            help="Images that this audit may send to all candidates together. It stops there with what it has, and can "
            "be continued with a higher one.",
        ),
        st.toggle(
            "Ask even if the probes fail their check",
            key="setup_ask_anyway",
            persist_state="session",
            help="Otherwise an audit whose probes are of doubtful use stops before it spends queries on them.",
        ),
    )
    st.caption(REPORTED[chosen[1]].explanation)
    return chosen


def _synthesis(method: DeltaGenerator, rule: DeltaGenerator) -> SynthesisConfig:
    """A method at its usual settings, and a rule of selection."""
    chosen = method.selectbox(
        "Method of synthesis",
        [name for name in METHODS if name not in IN_FILES_ONLY],
        format_func=lambda name: METHOD_WORDS[name].label,
        key="setup_method",
        persist_state="session",
        help="\n\n".join(f"**{words.label}**: {words.help}" for words in METHOD_WORDS.values())
        + "\n\nThe last two, and all settings of each method, are for TOML files.",
    )
    kept = rule.selectbox(
        "Which probes are kept",
        (USUAL, *RULES),
        format_func=lambda name: "As usual for the method" if name == USUAL else RULE_WORDS[name].label,
        key="setup_rule",
        persist_state="session",
        help="\n\n".join(f"**{words.label}**: {words.help}" for words in RULE_WORDS.values())
        + "\n\nAll but the first of these are a choice among twice as many images, by what the student says of them.",
    )
    return settings_of(chosen, None if kept == USUAL else kept)


def _defaults() -> dict[str, object]:
    names = ("effort", "baselines", "device", "score", "seed", "probes", "budget", "ask_anyway")
    defaults = {name: AuditConfig.model_fields[name].default for name in names}
    synthesis = AuditConfig.model_fields["synthesis"].default
    return defaults | {"baselines": list(BASELINES), "method": synthesis.method, "rule": USUAL}
