"""Questions to test with: asked by the real request side, answered in place by the worker's."""

from typing import Any

from generation import tasks
from generation.questions import Question, answer_to, kept_answer

PROMPT = "a lighthouse at night"
NOW = 0.01  # seconds; nobody is there to answer


def work_on(question: Question) -> None:
    """Let the worker's side answer."""
    tasks.answer(
        question.key,
        question.kind,
        question.aim.to_json(),
        question.prompt,
        question.recipe,
    )


def answer_now(question: Question) -> dict[str, Any] | None:
    """Ask as the owner of the look, and wait for nobody."""
    return answer_to(question, person=question.aim.version.aesthetic.owner, patience=NOW)


def answered(question: Question) -> dict[str, Any]:
    """Let the worker's side answer, and look what it has said."""
    work_on(question)
    found = kept_answer(question)
    assert found is not None
    return found
