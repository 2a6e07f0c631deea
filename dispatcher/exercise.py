"""A drill: a case like any other that says everywhere that it is none. Pure.

It happens at a home, but is not the home's: a press there opens a case of its own beside it. Where CAP (the
Common Alerting Protocol) says `Exercise`, texts and calls begin with it, and no report counts it.
"""

from __future__ import annotations

from dataclasses import replace

from dispatcher.model import Draft, Lane
from dispatcher.templates import exercised

SAYS = "这是演练。"
_SUBJECT = "exercise:"


def subject_of(household_id: int) -> str:
    return f"{_SUBJECT}{household_id}"


def household_of(subject: str) -> int | None:
    """The home at which a drill is held; None: the case is real."""
    return int(subject.removeprefix(_SUBJECT)) if subject.startswith(_SUBJECT) else None


def says_so(body: str) -> bool:
    """Whether a text begins, after its signature, by saying that it is a drill."""
    return body.partition("】")[2].startswith(SAYS)


def marked(draft: Draft) -> Draft:
    """`draft` as a drill says it: never before what is real. Harmless to repeat."""
    if says_so(draft.body):
        return draft
    signature, end, said = draft.body.partition("】")
    body = f"{signature}{end}{SAYS}{said}" if end else f"{SAYS}{draft.body}"
    lane = max(draft.lane, Lane.ORDINARY)
    return replace(draft, body=body, lane=lane, variables=exercised(draft.variables))
