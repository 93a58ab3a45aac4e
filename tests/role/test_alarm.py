"""What stands in the agenda for something that has a deadline (`sipsm.role.alarm`)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sipsm.machine import Agenda
from sipsm.role.alarm import Alarm
from tests.machine.toys import START


def test_what_is_woken_often_leaves_no_deadlines() -> None:
    """A subscription of an hour that may be told of a change every five seconds is in the agenda twice at most."""
    agenda, alarm = Agenda(), Alarm("a subscription")
    ends = START + 3600
    alarm.set(ends, agenda)
    for n in range(1, 700):
        alarm.set(START + 5 * n, agenda)
        assert len(agenda.entries()) == 2
        woken = agenda.pop(START + 5 * n)
        assert isinstance(woken, Alarm)
        assert woken.of == "a subscription"
        alarm.set(ends, agenda)
    assert agenda.pop(ends) is alarm


AT = st.one_of(st.none(), st.integers(0, 40).map(lambda n: START + n / 4))


@given(st.lists(st.tuples(st.sampled_from(["set", "set", "wake"]), AT)))
def test_an_alarm_goes_off_when_it_was_set_to_last(deeds: list[tuple[str, float | None]]) -> None:
    """However often the deadline is moved forward, back and away; and once."""
    agenda, alarm = Agenda(), Alarm("somebody")
    due: float | None = None
    for deed, at in deeds:
        if deed == "set":
            due = at
        elif at is not None:
            woken = agenda.pop(at)
            assert (woken is not None) == (due is not None and due <= at)
            due = None if woken is not None else due
        # Who is woken sets it anew, as does each step.
        alarm.set(due, agenda)
        assert agenda.next_timeout() == due
    alarm.stop(agenda)
    assert agenda.next_timeout() is None
