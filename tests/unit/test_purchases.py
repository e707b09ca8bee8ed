"""What a journal holds, as people look at it, and what of it is bought again."""

from pathlib import Path
from typing import Any

import pytest

from milepost.checkpoint import PhaseCheckpoint, PhaseStatus, TestCheckpoint
from milepost.journal import Journal, Record
from milepost.purchases.again import NothingOfThatNameError, find_again, set_back
from milepost.purchases.answers import first_words
from milepost.purchases.intentions import (
    NoIntentionError,
    SeveralIntentionsError,
    find_open,
    resolution,
    title,
)
from milepost.purchases.lines import lines
from milepost.purchases.tree import Entry, element, tree
from milepost.values import NotKeptError, decode

CODE = ("code",)
URL = "https://api.example.com/v1/messages"


class Kept:
    """A journal that is written as steps and calls write it."""

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(folder, "g", fence=1, run="r", may_write=lambda: None)

    def step(self, key: str, path: tuple[str, ...] = CODE, **more: Any) -> Record:
        """Keep a step; its key is filled up to 64 digits."""
        body = {"name": "write", "label": None, "code": "c1", "schema": None, "data": key}
        body |= {"seconds": 2.0, "used": []} | more
        return self.journal.append("step", key.ljust(64, "0"), path=path, body=body)

    def call(self, path: tuple[str, ...] = CODE, **more: Any) -> Record:
        """Keep a call of a model."""
        usage = {"model": "opus", "total_tokens": 1200}
        body: dict[str, Any] = {"method": "POST", "url": URL, "seconds": 1.0}
        body |= {"usage": usage, "cost": {"usd": 0.25}, "response": {"text": "hi"}} | more
        return self.journal.append("call", "ca", path=path, body=body)

    def one(self) -> Entry:
        """Give the only phase."""
        (top,) = tree(self.journal)
        return top


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """Give an empty journal."""
    return Kept(tmp_path)


@pytest.fixture
def checkpoint() -> TestCheckpoint:
    """Give a document with two completed phases."""
    phases = {name: PhaseCheckpoint(name) for name in ("plan", "code")}
    for phase in phases.values():
        phase.status = PhaseStatus.COMPLETED
        phase.milepost["value"] = {"form": "inline", "sha256": "x", "codec": "json"}
    return TestCheckpoint("A pipeline", "pipeline_abc12345", phases=phases)


def test_a_call_stands_in_the_step_that_made_it(kept: Kept) -> None:
    """Phases hold steps, steps the calls that were made in them."""
    made = kept.call((*CODE, element("write", "a1".ljust(64, "0"))))
    kept.step("a1", used=[made.id], label="models.py")

    (step,) = kept.one().inside
    (call,) = step.inside
    assert (step.kind, step.name, step.label) == ("step", "write", "models.py")
    assert step.answer == "a1"
    assert (call.kind, call.id, call.answer) == ("call", made.id, "hi")
    assert (step.paid_usd, step.tokens, step.unknown) == (0.25, 1200, 0)


def test_equal_steps_keep_their_own_calls(kept: Kept) -> None:
    """Of two equal steps each shows the calls that came before its own record."""
    inside = (*CODE, element("write", "a1".ljust(64, "0")))
    first = kept.call(inside)
    kept.step("a1")
    second = kept.call(inside)
    kept.step("a1")

    assert [[c.id for c in step.inside] for step in kept.one().inside] == [
        [first.id],
        [second.id],
    ]


def test_what_has_not_finished_is_shown_as_such(kept: Kept) -> None:
    """A step that broke after a call is there, without a record of its own."""
    kept.call((*CODE, "write#a1000000"))
    text = list(lines(tree(kept.journal)))
    assert text[1] == "  write#a1000000  not finished  1,200 tokens  $0.25"
    assert text[2].startswith(f"    POST {URL}  kept 2")
    assert text[2].endswith("1.0 s  opus  1,200 tokens  $0.25  hi")


def test_items_are_counted(kept: Kept) -> None:
    """How many of the items of a map are kept stands at its phase."""
    body = {"name": "write", "labels": ["a", "b", "c"]}
    kept.journal.append("items", "it", path=CODE, body=body)
    kept.step("a1", label="a")
    kept.step("b1", label="b")
    assert next(lines([kept.one()])) == "code: write 2 of 3"


def test_dropped_stale_and_lost_are_told_apart(kept: Kept) -> None:
    """Each says in words why it is not restored."""
    dropped = kept.step("a1")
    kept.step("b1")
    kept.step("b1", code="c2")
    kept.journal.append("dropped", body={"ids": [dropped.id], "reason": "refused"})
    kept.journal.append("sent", path=CODE, body={"url": URL, "worst_usd": 0.5}, sync=False)

    one, old, new, lost = kept.one().inside
    assert (one.is_dropped, old.is_stale, new.is_stale) == (True, True, False)
    assert lost.kind == "sent"
    text = list(lines(tree(kept.journal)))
    assert "  dropped  " in text[1]
    assert "  stale  " in text[2]
    assert text[4] == f"  {URL}  sent, no answer: its cost is unknown"
    assert text[0] == "code: 1 of unknown cost"


def test_a_call_that_was_answered_or_refused_is_not_lost(kept: Kept) -> None:
    """What went out and came back, well or not, is not shown as lost."""
    for kind in ("call", "unsold"):
        sent = kept.journal.append("sent", path=CODE, body={"url": URL}, sync=False)
        if kind == "call":
            kept.call(sent=sent.id)
        else:
            kept.journal.append("unsold", body={"sent": sent.id, "status": 429})
    assert [entry.kind for entry in kept.one().inside] == ["call"]


def test_an_entry_is_json_without_what_is_empty(kept: Kept) -> None:
    """Programs get what people get."""
    kept.step("a1")
    found = kept.one().to_dict()
    assert found["name"] == "code"
    assert found["inside"][0]["key"] == "a1".ljust(64, "0")
    assert "usd" not in found["inside"][0]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"data": {"a": 1}}, '{"a": 1}'),
        ({"data": "x" * 100}, "x" * 59 + "…"),
        ({"data": None}, "null"),
        ({"value": {"form": "blob"}}, ""),
        ({"response": {"content": [{"type": "text", "text": "Hi\n you"}]}}, "Hi you"),
        ({"response": {"choices": [{"message": {"content": "Hi"}}]}}, "Hi"),
        ({"response": {"candidates": [{"content": {"parts": [{"text": "Hi"}]}}]}}, "Hi"),
        (
            {"response": 'data: {"delta":{"text":"He"}}\n\ndata: {"delta":{"text":"y"}}\n'},
            "Hey",
        ),
        ({"response": {"data": [1]}}, '{"data": [1]}'),
        ({"data": "key sk-ant-api03-Zq8Rk2LmVx7Tn4Wb9Yc1Hd6J"}, "key ***"),
    ],
)
def test_an_answer_is_known_by_its_first_words(body: dict[str, Any], words: str) -> None:
    """Whoever gave an answer, its text is shown, in one line and without secrets."""
    assert first_words(body) == words


def test_all_of_a_test_is_bought_again(kept: Kept, checkpoint: TestCheckpoint) -> None:
    """Without a name, everything goes, and every phase that it led to."""
    ids = [kept.step("a1").id, kept.call(()).id, kept.call(("plan",)).id]
    again = find_again(kept.journal, checkpoint, "")
    assert again.ids == ids
    assert again.phases == ["plan", "code"]
    assert (again.number("step"), again.number("call"), again.usd) == (1, 2, 0.5)


def test_a_phase_is_bought_again(kept: Kept, checkpoint: TestCheckpoint) -> None:
    """What was made in the phase goes, also what others used of it; the rest stays."""
    kept.call(("plan",))
    own = kept.call(CODE)
    user = kept.step("p1", ("plan",), used=[own.id])
    again = find_again(kept.journal, checkpoint, "code")
    assert set(again.ids) == {own.id, user.id}
    assert again.phases == ["plan", "code"]


def test_a_phase_without_steps_is_bought_again(
    kept: Kept, checkpoint: TestCheckpoint
) -> None:
    """A phase whose calls nobody recorded runs again all the same."""
    again = find_again(kept.journal, checkpoint, "plan")
    assert (again.ids, again.phases) == ([], ["plan"])


def test_a_step_is_bought_again_with_all_that_it_made(
    kept: Kept, checkpoint: TestCheckpoint
) -> None:
    """The step, what is under it, and the steps that used it; not its neighbours."""
    call = kept.call((*CODE, "write#a1000000"))
    step = kept.step("a1", used=[call.id])
    other = kept.step("b1")
    outer = kept.step("c1", name="review", used=[step.id, call.id])

    again = find_again(kept.journal, checkpoint, "write#a1000000")
    assert set(again.ids) == {call.id, step.id, outer.id}
    again = find_again(kept.journal, checkpoint, "write")
    assert set(again.ids) == {call.id, step.id, outer.id, other.id}


def test_what_is_dropped_is_not_counted_twice(
    kept: Kept, checkpoint: TestCheckpoint
) -> None:
    """Buying again what is to be bought again anyway names nothing."""
    step = kept.step("a1")
    kept.journal.append("dropped", body={"ids": [step.id], "reason": "x"})
    assert find_again(kept.journal, checkpoint, "").ids == []


def test_an_unknown_cost_is_counted_as_such(kept: Kept, checkpoint: TestCheckpoint) -> None:
    """A call without a price is not taken for free."""
    kept.call(cost={"usd": None})
    again = find_again(kept.journal, checkpoint, "")
    assert (again.usd, again.unknown) == (0.0, 1)


def test_what_may_run_once_is_kept_unless_named(
    kept: Kept, checkpoint: TestCheckpoint
) -> None:
    """Nobody pays twice with a card because answers of a model are bought again."""
    begun = kept.journal.append("intention", "d1", path=CODE, body={"name": "pay"})
    inside = kept.call((*CODE, "pay#d1000000"))
    paid = kept.step("d1", name="pay", intention=begun.id, label="o-1", used=[inside.id])
    other = kept.call()

    whole = find_again(kept.journal, checkpoint, "")
    assert (whole.ids, whole.once) == ([other.id], ["pay#d1000000 [o-1]"])
    named = find_again(kept.journal, checkpoint, "pay")
    assert set(named.ids) == {inside.id, paid.id, begun.id}
    assert named.once == []


def test_what_was_resolved_by_hand_is_shown_and_bought_again(
    kept: Kept, checkpoint: TestCheckpoint
) -> None:
    """What somebody said that a step gave is the step's value until it is named."""
    begun = _begin(kept, "d1")
    body = resolution(begun, 7, done=True)
    said = kept.journal.append("resolved", begun.key, path=CODE, body=body)

    (line,) = list(lines(tree(kept.journal)))[1:]
    assert line == "  pay#d1000000  resolved by hand  7"
    assert find_again(kept.journal, checkpoint, "").ids == []
    again = find_again(kept.journal, checkpoint, "pay")
    assert set(again.ids) == {said.id, begun.id}
    assert again.number("step") == 1


def test_an_unknown_name_is_answered_with_the_known(
    kept: Kept, checkpoint: TestCheckpoint
) -> None:
    """A misspelt phase or step drops nothing."""
    kept.step("a1")
    with pytest.raises(NothingOfThatNameError, match="It has: plan, code, write"):
        find_again(kept.journal, checkpoint, "wirte")


def test_a_phase_that_is_bought_again_is_pending(checkpoint: TestCheckpoint) -> None:
    """Its value goes under earlier ones that are never restored."""
    assert set_back(checkpoint, ["code"]) == ["code"]
    assert checkpoint.phases["code"].status == PhaseStatus.PENDING
    assert [e["reason"] for e in checkpoint.phases["code"].milepost_earlier] == ["dropped"]
    assert checkpoint.phases["plan"].status == PhaseStatus.COMPLETED


def _begin(kept: Kept, key: str, label: str | None = None) -> Record:
    body = {"name": "pay", "label": label}
    return kept.journal.append("intention", key.ljust(64, "0"), path=CODE, body=body)


def test_the_only_open_intention_is_found_by_its_name(kept: Kept) -> None:
    """One that has ended, or was resolved, is not asked for."""
    ended, resolved, wanted = (_begin(kept, key) for key in ("a1", "b1", "c1"))
    kept.step("a1", name="pay", intention=ended.id)
    body = resolution(resolved, None, done=False)
    kept.journal.append("resolved", resolved.key, path=CODE, body=body)
    assert find_open(kept.journal, "t", "pay").id == wanted.id


def test_several_open_intentions_are_listed(kept: Kept) -> None:
    """Each is named with its digits and its label; with the digits it is found."""
    _begin(kept, "a1", "o-1")
    second = _begin(kept, "b1", "o-2")
    with pytest.raises(SeveralIntentionsError, match=r"pay#a1000000 \[o-1\]"):
        find_open(kept.journal, "t", "pay")
    assert find_open(kept.journal, "t", "pay#b1000000").id == second.id
    assert title(second) == "pay#b1000000 [o-2]"


def test_nothing_to_resolve_is_said(kept: Kept) -> None:
    """A name of which nothing is open is answered with what is."""
    _begin(kept, "a1")
    with pytest.raises(NoIntentionError, match="it is not known: pay#a1000000"):
        find_open(kept.journal, "t", "refund")


def test_a_resolution_keeps_its_value_as_a_step_does(kept: Kept) -> None:
    """What was said to have been given reads back, and secrets are refused."""
    begun = _begin(kept, "a1")
    body = resolution(begun, {"id": 7, "status": "paid"}, done=True)
    assert decode(body["data"], body["value"], None) == {"id": 7, "status": "paid"}
    not_done = resolution(begun, None, done=False)
    assert not_done == {"intention": begun.id, "done": False, "name": "pay", "label": None}
    with pytest.raises(NotKeptError):
        resolution(begun, "sk-ant-api03-Zq8Rk2LmVx7Tn4Wb9Yc1Hd6J", done=True)
