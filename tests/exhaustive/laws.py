"""What must hold in every state, and at the end (RFC 3261 17)."""

from __future__ import annotations

from collections.abc import Callable

from tests.exhaustive.state import State
from tests.exhaustive.steps import STEP_LAWS, StepLaw
from tests.exhaustive.world import World

Law = Callable[[State], str | None]


def laws_of(world: World) -> list[Law]:
    """Those that hold in this setting."""
    setting = world.setting
    longest = max(64 * world.T1, round(32 / setting.tick_s))

    def the_request_goes_up_once(state: State) -> str | None:
        """Whatever is repeated or arrives twice."""
        return f"Bob's transaction user got it {state.uas.seen} times" if state.uas.seen > 1 else None

    def one_end_each(state: State) -> str | None:
        """One final response, or one report that there is none; a 2xx to INVITE as often as it comes (RFC 6026 8.4)."""
        for heard in (state.uac.heard, state.uac.heard_of_cancel):
            if len(heard) > 1:
                return f"Alice's transaction user heard {' and then '.join(heard)}"
        return None

    def deadlines_are_bounded(state: State) -> str | None:
        """No transaction waits longer than 64*T1 for anything, or 32 s."""
        for saved in (*state.alice, *state.bob):
            for letter, at, length in saved.timers:
                if not 0 <= at <= length <= longest:
                    return f"Timer {letter} of {saved.kind.__name__} is set to {at} of {length} ticks"
        return None

    def an_answered_invite_is_not_repeated(state: State) -> str | None:
        """Timer A runs until a provisional response comes, and no longer (RFC 3261 17.1.1.2)."""
        if not state.uac.provisional or setting.method != "INVITE":
            return None
        repeats = any(letter == "A" for saved in state.alice for letter, _, _ in saved.timers)
        return "Timer A runs although a provisional response has come" if repeats else None

    def the_end_is_agreed(state: State) -> str | None:
        """Alice hears what Bob answered; where the link may die, else that there is no answer."""
        if not is_over(state):
            return None
        uac, uas = state.uac, state.uas
        if not uac.heard:
            return "Alice's transaction user heard nothing"
        knows = f"timed out {setting.method}" in uas.told
        if setting.method == "INVITE" and uas.status >= 300 and not uas.acknowledged and not knows:
            return "Bob's transaction user does not know that no ACK came"
        if not setting.answers and uas.seen and not knows:
            return "Bob's transaction user does not know that it is too late to answer"
        faults = setting.bounds.cuts + setting.bounds.failures
        agreed = uac.heard == (str(uas.status),)
        if (not faults and setting.answers and (not agreed or uas.told)) or (uac.heard[0].isdecimal() and not agreed):
            return f"Alice heard {uac.heard[0]}, and Bob answered {uas.status} and was told {uas.told}"
        return None

    def all_is_prompt(state: State) -> str | None:
        """Where nothing is lost nobody waits for a repeat, and not long for a sign of life."""
        if any(setting.bounds) or not setting.answers:
            return None
        uac, round_trip = state.uac, 2 * setting.delay
        first_sign = round_trip + (round(0.2 / setting.tick_s) if setting.method == "INVITE" else 7 * world.T1)
        if state.clock > first_sign and not uac.provisional and not uac.heard:
            return "Alice's transaction user has no sign of life"
        if state.clock > round_trip + setting.patience and not uac.heard:
            return "Alice's transaction user has no final response"
        if state.clock > world.all_said and setting.method == "INVITE" and not _acknowledged(state):
            return "Bob has no ACK"
        if is_over(state) and world.reliable and state.uas.rang and uac.provisional != "180":
            return "Alice's transaction user did not hear that it rang"
        return None

    def a_break_is_told(state: State) -> str | None:
        """On a reliable link the link says when there can be no answer: nobody waits for a timer to say so."""
        late = world.reliable and "timed out" in state.uac.heard
        return "Alice's transaction user heard of it late" if late else None

    return [
        *map(_of_steps, STEP_LAWS),
        the_request_goes_up_once,
        one_end_each,
        deadlines_are_bounded,
        an_answered_invite_is_not_repeated,
        the_end_is_agreed,
        all_is_prompt,
        a_break_is_told,
    ]


def _of_steps(law: StepLaw) -> Law:
    def broken(state: State) -> str | None:
        return state.broken[1] if state.broken and state.broken[0] == law.__name__ else None

    broken.__name__ = law.__name__
    return broken


def _acknowledged(state: State) -> bool:
    return state.uas.acknowledged or all(saved.state not in {"Completed", "Accepted"} for saved in state.bob)


def is_over(state: State) -> bool:
    """Both sides have terminated, nothing is under way, and neither transaction user waits for anything."""
    uac, uas = state.uac, state.uas
    waits = (uac.cancel_by, uac.give_up_in, uas.answer_by, uas.repeat_in, uas.give_up_in)
    under_way = state.alice or state.bob or state.to_alice or state.to_bob
    return state.started and not under_way and waits == (None,) * 5
