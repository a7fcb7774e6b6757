from __future__ import annotations

from acrbridge.operations.hub_pulls import HubPulls
from acrbridge.registry.pull_limit import PullLimit
from unit.fakes import Heard


def test_an_answer_that_was_overtaken_by_a_later_one_does_not_count() -> None:
    pulls = HubPulls(Heard())
    for left in (90, 88, 89):
        pulls.hear(PullLimit(left, 100))
    assert pulls.left == 88


def test_that_few_pulls_are_left_is_said_once() -> None:
    heard = Heard()
    pulls = HubPulls(heard)
    for left in (20, 19, 18):
        pulls.hear(PullLimit(left, 100))
    assert len(heard) == 1
