"""The guide's sections."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.ui.charts import draw
from core.ui.guide.figures import answers_figure, with_teacher_figure, without_figure
from core.ui.text import plain
from core.ui.words import GLOSSARY
from core.workspace import checkpoints_folder, workspace

PROBES = Path(__file__).parents[3] / "assets" / "guide" / "probes.png"


def stages() -> None:
    """Probes, answers, scores: one card each, with what it looks like."""
    probes, answers, scores = st.columns(3, border=True)
    with probes:
        st.subheader(":material/auto_awesome: 1. Draw probes", anchor=False)
        st.markdown(
            "Blobs are changed step by step until the student sees its classes in them and its layers respond as they "
            "did to its own training data. The student alone is needed, and nobody has been asked anything yet."
        )
        st.image(
            str(PROBES),
            caption="Drawn out of a demo student, which was trained on pictures of clothes",
            width="stretch",
            alt="Thirty small grey images: light shapes on black that hint at trousers, dresses, boots and bags.",
        )
    with answers:
        st.subheader(":material/forum: 2. Ask everyone", anchor=False)
        st.markdown(
            "Student and candidates answer the same pixels. The winning class matters little, since good models agree "
            "on it. What a student inherits is how its teacher spreads the rest."
        )
        draw(answers_figure(), key="guide_answers")
    with scores:
        st.subheader(":material/leaderboard: 3. Compare", anchor=False)
        st.markdown(
            "What the other candidates can explain is taken away from a candidate and from the student, and what is "
            "left of the two is compared: above 0, they are more alike than candidates are among themselves. Redrawing "
            "the probes gives each score its interval."
        )
        draw(with_teacher_figure("Scores"), key="guide_ranking")


def no_proof() -> None:
    """Two rankings, one of them of a student without a teacher."""
    left, right = st.columns(2, border=True)
    with left:
        draw(with_teacher_figure("Distilled from A"), key="guide_with")
    with right:
        draw(without_figure("Distilled from nobody"), key="guide_without")
    first, family, data = st.columns(3)
    first.markdown(
        "**Someone always comes first.** Put a student that was distilled from nobody through the audit, and one of "
        "the candidates still answers most like it."
    )
    family.markdown(
        "**Family likeness looks like descent.** Two models of one architecture make the same mistakes without having "
        "met. A first place of the student's own family says less than any other."
    )
    data.markdown(
        "**Shared data looks like descent, too.** Candidates that learned from the data the student learned from "
        "resemble it, whoever taught it."
    )
    st.markdown(
        "This is why the verdict stops at the ranking. Try it: two students of the demo have no teacher. Run one of "
        "them, and look at how far its first place is ahead."
    )


def limits() -> None:
    """What to beware of, and what helps."""
    weaker, stronger = st.columns(2, border=True)
    weaker.markdown(
        "##### :material/trending_down: Weaker\n"
        "- one or two candidates: what all models of a task have in common cannot be told from what each has\n"
        "- candidates that are versions of each other: the audit finds the family, not always the member\n"
        "- poor answers: four decimals or the top five cost little, two decimals more, labels alone half\n"
        "- a student trained on a teacher's hard labels only, or trained to hide\n"
        "- baselines that rank as clearly as the synthesised probes: then synthesis added nothing"
    )
    stronger.markdown(
        "##### :material/trending_up: Stronger\n"
        "- more candidates of the same task, from different families\n"
        "- independent models of the student's own architecture, put through the same audit for comparison\n"
        "- a first place that white noise and structured random images agree with\n"
        "- the same first place under every score of the results table\n"
        "- the same first place with another seed"
    )


def faq() -> None:
    """What people ask before they trust a tool with a model and a bill."""
    questions = {
        "What leaves this machine?": "The probes, as numbers or as image files, to the addresses you enter, and "
        "nothing else. The checkpoint stays here, no usage is reported, and the demo's servers run on this machine.",
        "What does it cost?": "Candidates are asked for each probe of each set: probes × sets × candidates queries, "
        "and two test images more for each candidate. The page New audit shows the number before you start. An answer "
        "that arrived is kept, so that resuming or repeating an audit pays for nothing twice; one that was under way "
        "when a run was killed may be asked once more. A candidate or an audit may have a budget: asking stops there, "
        "the ranking is made from what has been answered, and a higher budget continues it.",
        "Which APIs can be asked?": "Open Inference (KServe, MLServer), Triton, TensorFlow Serving, TorchServe, "
        "Hugging Face, and any service that takes an image over HTTP and answers in JSON, if you describe how. On the "
        "page New audit, Discover finds out what an address serves. APIs may answer with logits, probabilities, the "
        "strongest classes or a label alone; all are then compared by as much as the poorest of them tells.",
        "What if a candidate fails?": "The others go on, and the verdict names who is missing. The audit's "
        "page has a button to ask the missing one again; the others are not asked the same probes twice.",
        "Where are my API keys?": "In the environment variable you name, or, if you type one in, in memory until the "
        "run ends. No key is written to disk, so that resuming such a run asks for it again.",
        "Do I need a GPU?": "No. The demo takes about a minute on two processor cores. Large students gain from one.",
        "Which checkpoints can be read?": "Safetensors, and PyTorch state dicts of nothing but tensors. A pickle with "
        "code in it is refused, not run. Files may be uploaded, or put into "
        f"{plain(str(checkpoints_folder()))} and chosen by name.",
        "What may I close?": "The tab, the browser, even the app: an audit is a process of its own and goes on. "
        "Its page can be opened again at any time, also by its link.",
        "Where are my audits?": f"In {plain(str(workspace() / 'runs'))}, one folder each. Deleting one in the history "
        "removes that folder.",
    }
    for question, answer in questions.items():
        st.expander(question).markdown(answer)


def glossary() -> None:
    """The words of the field in alphabetical order, two columns of them."""
    terms = sorted(GLOSSARY)
    half = (len(terms) + 1) // 2
    for column, part in zip(st.columns(2, gap="medium"), (terms[:half], terms[half:]), strict=True):
        column.markdown("\n\n".join(f"**{term}**  \n{GLOSSARY[term]}" for term in part))
