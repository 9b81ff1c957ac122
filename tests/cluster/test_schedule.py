"""Which stage starts when, and what a failure stops; a pool whose stages end when the test says."""

from concurrent.futures import Future

import pytest

from genbench.cluster.schedule import Schedule
from genbench.cluster.stage import Result, Task

NEEDS = {"a": [], "b": ["a"], "c": ["a", "old"], "d": [], "e": ["b", "d"], "f": ["c"]}
DONE = Result({"cmd": "true"}, "", 1.0)


class Lost(Exception):
    pass


class Pool:
    """Ends each stage at once, in a way that may be given per start."""

    lost = (Lost,)
    starts = 3

    def __init__(self, slots, outcomes=None):
        self.slots = slots
        self.outcomes = outcomes or {}
        self.started = []
        self.open = {}
        self.most = 0

    def submit(self, task):
        self.started.append(task.stage)
        future = self.open[task.stage] = Future()
        self.most = max(self.most, len(self.open))
        if len(self.open) == self.slots or task.stage in "af":
            for name in list(self.open):
                self.end(name)
        return future

    def end(self, name):
        outcome = self.outcomes.get(name, [])
        result = outcome.pop(0) if outcome else DONE
        future = self.open.pop(name)
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)


def plan(seen=None):
    def task(name, made):
        if seen is not None:
            seen[name] = set(made)
        return Task(name, NEEDS[name], {}, "")

    return Schedule(list(NEEDS), NEEDS, task)


@pytest.mark.parametrize("slots", [1, 2])
def test_a_stage_starts_after_all_that_it_needs_and_never_more_than_there_are_slots(slots):
    known, pool = {}, Pool(slots)
    schedule = plan(known)
    schedule.run(pool)
    assert schedule.entries.keys() == NEEDS.keys() and pool.most == slots
    for name, needs in NEEDS.items():
        assert set(needs) - {"old"} <= known[name]


def test_with_one_slot_stages_run_in_the_order_given():
    pool = Pool(1)
    plan().run(pool)
    assert pool.started == list(NEEDS)


def test_a_failure_stops_what_needs_it_directly_or_not_and_nothing_else():
    pool = Pool(1, {"b": [Result(None, "error: no", 1.0)]})
    schedule = plan()
    schedule.run(pool)
    assert schedule.errors == {"b": "error: no"} and schedule.skipped == ["e"]
    assert schedule.entries.keys() == {"a", "c", "d", "f"}


def test_a_stage_that_is_lost_starts_again_so_often_and_then_fails():
    pool = Pool(1, {"a": [Lost("node gone")] * (Pool.starts - 1)})
    schedule = plan()
    schedule.run(pool)
    assert not schedule.errors and pool.started.count("a") == Pool.starts
    pool = Pool(1, {"a": [Lost("node gone")] * Pool.starts})
    schedule = plan()
    schedule.run(pool)
    assert schedule.errors == {"a": f"node gone, {Pool.starts} times"}
    assert schedule.skipped == ["b", "c", "e", "f"] and schedule.entries.keys() == {"d"}


def test_another_error_ends_the_run():
    with pytest.raises(ZeroDivisionError):
        plan().run(Pool(1, {"a": [ZeroDivisionError()]}))


def test_what_ends_is_said_in_a_line_each(capsys):
    plan().run(Pool(1, {"b": [Result(None, "error: no", 1.0)]}))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["a: done in 1.0 s", "b: failed: error: no", "c: done in 1.0 s"]
    assert lines[-1].startswith("stages: 6 of 6 stages")
