"""Look at single probes: the image, what it was made to show, and what every model answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.quantities import number, share
from core.results import Results
from core.runs.folder import RunFolder
from core.runs.preview import data_uri, png, probe_image
from core.scoring.divergence import kl_divergence
from core.ui.charts import answers_chart, draw
from core.ui.text import plain, shortened
from core.words import PROBE_SET_HELP, PROBE_SETS, target_words

MAX_ROWS = 200  # of the list, which carries a small image a row
THUMBNAIL, ENLARGED, LIST_HEIGHT = 56, 280, 640  # pixels
MAX_CLASSES = 20  # columns of the heatmap; with more classes the most probable ones are shown
ORDERS = {
    "drawn": "As drawn",
    "for": "Most for the first place",
    "against": "Most against it",
    "split": "Candidates disagree most",
}


@dataclass(frozen=True)
class Asked:
    """A set of probes with all answers; candidates in the order of the ranking."""

    images: np.ndarray  # uint8 (N, C, H, W)
    targets: np.ndarray  # class weights (N, K), or (N, 0)
    names: tuple[str, ...]
    student: np.ndarray  # log-probabilities (N, K)
    candidates: np.ndarray  # log-probabilities (M, N, K)

    @property
    def kl(self) -> np.ndarray:
        """KL(candidate || student), nats, `(M, N)`."""
        return kl_divergence(self.student, self.candidates)

    @property
    def lead(self) -> np.ndarray:
        """How much nearer the first candidate is to the student than the second, nats, `(N,)`."""
        kl = self.kl
        return kl[1] - kl[0] if len(kl) > 1 else np.zeros(kl.shape[1])

    @property
    def agreeing(self) -> np.ndarray:
        """How many candidates name the student's class first, `(N,)`."""
        return (self.candidates.argmax(-1) == self.student.argmax(-1)).sum(0)

    @property
    def opinions(self) -> np.ndarray:
        """How many different classes the candidates name first, `(N,)`."""
        return np.array([len(set(tops)) for tops in self.candidates.argmax(-1).T])

    def order(self, by: str) -> np.ndarray:
        """Indices of probes, by one of `ORDERS`."""
        keys = {"for": -self.lead, "against": self.lead, "split": -self.opinions}
        return np.argsort(keys[by], kind="stable") if by in keys else np.arange(len(self.student))


def probe_browser(folder: RunFolder, results: Results) -> None:
    """A list of probes, and beside it the one that is chosen."""
    stored = [name for name in results.settings.probe_sets if folder.load_answers(name) is not None]
    if not stored:
        st.info("The probes and answers of this run are no longer on this computer.", icon=":material/info:")
        return
    which, by = _choices(stored, len(results.ranking))
    asked = _read(folder, results, which)
    if asked is None:
        st.info("The images of these probes are no longer on this computer.", icon=":material/info:")
        return
    order = asked.order(by)
    with st.grid(2, min_column_width=430, gap="medium"):
        with st.container():
            probe = _list(asked, order[:MAX_ROWS], results, key=f"probes_{which}_{by}")
            if len(order) > MAX_ROWS:
                st.caption(f"The first {MAX_ROWS} of {len(order):,} probes in this order.")
        with st.container():
            _detail(asked, probe, results)


def _choices(stored: list[str], candidates: int) -> tuple[str, str]:
    row = st.container(horizontal=True, gap="medium")
    which = row.segmented_control(
        "Set of probes",
        stored,
        default=stored[0],
        required=True,
        format_func=lambda name: PROBE_SETS.get(name, name),
        key="browser_set",
        help="\n\n".join(f"**{PROBE_SETS[name]}**: {PROBE_SET_HELP[name]}" for name in stored if name in PROBE_SETS),
    )
    by = row.selectbox(
        "Order",
        list(ORDERS) if candidates > 1 else ["drawn"],
        width=260,
        format_func=ORDERS.__getitem__,
        key="browser_order",
        help="Whether a probe speaks for the first place is told by the distance (KL) of the first two candidates' "
        "answers to the student's. Look at both ends: single probes can be found for any opinion.",
    )
    return which or stored[0], by


def _read(folder: RunFolder, results: Results, which: str) -> Asked | None:
    probes, answers = folder.load_probes(which), folder.load_answers(which)
    if probes is None or answers is None:
        return None
    student, by_name = answers
    names = tuple(entry.candidate for entry in results.ranking if entry.candidate in by_name)
    return Asked(*probes, names, student, np.stack([by_name[name] for name in names]))


def _list(asked: Asked, order: np.ndarray, results: Results, *, key: str) -> int:
    """The index of the probe chosen from the list, the first one until then."""
    classes = results.student.class_names
    agreeing, lead, tops = asked.agreeing, asked.lead, asked.student.argmax(-1)
    table: Mapping[str, list[object]] = {
        "image": [_thumbnail(asked.images[i]) for i in order],
        "probe": [int(i) for i in order],
        "student": [classes[tops[i]] for i in order],
        "agree": [f"{agreeing[i]} of {len(asked.names)}" for i in order],
        "lead": [float(lead[i]) for i in order],
    }
    config = st.column_config
    chosen = st.dataframe(
        table,
        key=key,
        height=LIST_HEIGHT,
        row_height=THUMBNAIL + 4,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [0]}},
        alt="List of probes; choose a row to see every model's answer",
        column_config={
            "image": config.ImageColumn("Image", width=70),
            "probe": config.NumberColumn("Probe", help="Number of the probe as it was drawn, from 0.", width=60),
            "student": config.TextColumn("Student says", help="The student's most probable class.", width=110),
            "agree": config.TextColumn("Agree", help="Candidates that name the same class first.", width=70),
            "lead": config.NumberColumn(
                "Lead",
                format="%+.3f",
                help="KL of the second candidate minus KL of the first, in nats: above 0 speaks for the first.",
                width=70,
            ),
        },
    )
    rows = chosen.selection.rows
    return int(order[rows[0] if rows and rows[0] < len(order) else 0])


def _detail(asked: Asked, probe: int, results: Results) -> None:
    classes = results.student.class_names
    image = asked.images[probe]
    picture, facts = st.columns([1, 1], gap="medium", vertical_alignment="center")
    wanted = target_words(asked.targets[probe], classes, shares=True)
    student = np.exp(asked.student[probe])
    top = f"{plain(classes[int(student.argmax())])}, {share(float(student.max()))}"
    enlarged = probe_image(image, ENLARGED)
    picture.image(data_uri(png(enlarged)), width=ENLARGED, alt=f"Probe {probe}, enlarged")
    with facts:
        st.markdown(f"**Probe {probe}**")
        st.markdown(f":small[:gray[Made to show]]  \n{plain(wanted) if wanted else 'nothing in particular'}")
        st.markdown(f":small[:gray[The student says]]  \n{top}")
        st.markdown(f":small[:gray[Candidates that agree]]  \n{asked.agreeing[probe]} of {len(asked.names)}")
    distances = asked.kl[:, probe]
    models = [("Student", student)]
    for name, distance, answer in zip(asked.names, distances, asked.candidates[:, probe], strict=True):
        models.append((f"{shortened(name, 16)} · {number(float(distance))}", np.exp(answer)))
    shown = np.arange(len(classes))
    if len(classes) > MAX_CLASSES:
        peaks = np.max([probabilities for _, probabilities in models], axis=0)
        shown = np.sort(np.argsort(-peaks)[:MAX_CLASSES])
    chart = answers_chart(
        [(label, probabilities[shown]) for label, probabilities in models],
        [classes[i] for i in shown],
        title="Answers, per cent for each class",
        run=results.run,
    )
    draw(chart, key="browser_answers")
    some = (
        "" if len(shown) == len(classes) else f" The {len(shown)} most probable of {len(classes):,} classes are shown."
    )
    st.caption(f"Beside each candidate: its KL to the student in nats, smaller is nearer.{some}")


def _thumbnail(image: np.ndarray) -> str:
    """A data URI of a small picture."""
    return data_uri(png(probe_image(image, THUMBNAIL)))
