"""What adapters share: events find their call, are kept within bounds, and addresses are read as sockets give them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from inspect import signature

import pytest

from sipsm import (
    Answered,
    Close,
    Dropped,
    DropReason,
    Ended,
    Endpoint,
    EndReason,
    Established,
    Event,
    Flow,
    FlowTimes,
    Forked,
    Limits,
    Listening,
    LocalProtocolError,
    MessageReceived,
    Open,
    Output,
    Policy,
    Resolve,
    Send,
    SnapshotError,
)
from sipsm.endpoint.bound import (
    UNREAD_EVENTS,
    UNSENT_BYTES_IN_ALL,
    Options,
    address_of,
    hosts_of,
)
from sipsm.endpoint.suspended import Suspended
from sipsm.sdp import SessionDescription
from tests.adapters.peer import SDP
from tests.adapters.unplugged import Agent, Caller, opened
from tests.endpoint.by_hand import Bench

BOB = "sip:bob@192.0.2.2"
NOISE = Dropped(DropReason.NOT_SIP, "noise", Flow("UDP", ("192.0.2.1", 5060), ("192.0.2.2", 5060)), b"noise")


def over(call: Caller) -> Ended:
    """The end of a call."""
    return Ended(call.core, EndReason.HUNG_UP, None)


def test_an_agent_opens_where_its_socket_is() -> None:
    """The endpoint listens at the socket's real port, and its keywords are the endpoint's."""
    agent = Agent("udp:0.0.0.0:0", advertised=("sip.example.com", 0), limits=Limits(message_bytes=4096))
    with pytest.raises(LocalProtocolError, match="not open yet"):
        _ = agent.local
    agent._opened(("0.0.0.0", 50_000))
    assert agent.local == Listening("UDP", ("0.0.0.0", 50_000), ("sip.example.com", 50_000))
    assert agent._read_size == 4097
    assert agent._flow_from(("0.0.0.0", 50_000), ("192.0.2.2", 5061)) == Flow(
        "UDP", ("0.0.0.0", 50_000), ("192.0.2.2", 5061)
    )


def test_an_agent_takes_every_keyword_of_an_endpoint() -> None:
    """What can be set, can be set under an adapter as well."""
    keywords = {each.name for each in signature(Endpoint).parameters.values() if each.kind is each.KEYWORD_ONLY}
    assert Options.__annotations__.keys() == keywords


def test_commands_need_no_now() -> None:
    """Each command is the core's, with the present given by the adapter."""
    call = opened().invite(BOB)
    assert (call.outgoing, call.local_sdp, call.remote_sdp, call.agreed) == (True, b"", b"", None)
    assert call.call_id in repr(call)
    assert "calling" in repr(call)
    not_now: list[Callable[[], object]] = [
        call.ring,
        call.answer,
        call.reject,
        call.hang_up,
        call.acknowledge,
        call.offer,
        call.reject_offer,
        lambda: call.answer_offer(b"v=0"),
        lambda: call.request("OPTIONS"),
        lambda: call.info(None),
    ]
    for command in not_now:
        with pytest.raises(LocalProtocolError):
            command()
    assert call.cancel() == [], "the CANCEL waits for a provisional response"
    assert str(call.state) == "ending"


def test_a_description_is_given_read_or_not() -> None:
    """As bytes, which may be anything, or as a description; never as a text."""
    call = opened().invite(BOB)
    for sdp in (SDP, SessionDescription.parse(SDP)):
        with pytest.raises(LocalProtocolError, match="not for the caller"):
            call.answer(sdp)
    with pytest.raises(LocalProtocolError, match="this is str"):
        call.answer(SDP.decode())  # type: ignore[arg-type]  # that is the mistake


def test_a_policy_survives() -> None:
    """Who goes on elsewhere does what was chosen before."""
    policy = Policy(reliable=True, session_interval_s=90)
    again = Agent.restored(asleep(opened(policy=policy), 1000.0, 0.0))
    again._opened(("192.0.2.1", 5060))
    assert again.endpoint.terms.session_interval_s == 90


def test_a_call_that_was_refused_is_tried_again() -> None:
    """The new call has the Call-ID of the one before it, and is another one."""
    bench, agent = Bench(), opened()
    bench.endpoint = agent.endpoint
    call = agent.invite(BOB)
    with pytest.raises(LocalProtocolError, match="again"):
        agent.invite(BOB, again=call)
    bench.receive(bench.response(call.core.invite, 486))
    again = agent.invite(BOB, again=call)
    assert again is not call
    assert again.call_id == call.call_id


def test_an_event_goes_to_its_call_and_to_the_agent() -> None:
    """A call has its own events and no other's; the agent has all."""
    agent = opened()
    mine, other = agent.invite(BOB), agent.invite(BOB)
    ended = over(mine)
    agent._note(NOISE)
    agent._note(ended)
    assert (mine._take(), mine._take(), other._take()) == (ended, None, None)
    assert (mine._outcome, mine._ended, mine._over(), other._over()) == (ended, ended, True, False)
    assert (agent._take(), agent._take(), agent._take()) == (NOISE, ended, None)


def test_a_fork_that_is_kept_is_a_call_of_its_own() -> None:
    """The agent, the new call and the one that it comes from are told; the branch is then found as any call."""
    bench, agent = Bench(), opened(policy=Policy(keeps_forks=True))
    bench.endpoint = agent.endpoint
    call = agent.invite(BOB)

    def answered(tag: str) -> list[Event]:
        flow = Flow("UDP", ("192.0.2.1", 5060), ("192.0.2.2", 5060))
        outputs = agent.endpoint.receive(bench.response(call.core.invite, 200, tag=tag), flow, 1001.0)
        events = [output for output in outputs if isinstance(output, Event)]
        for event in events:
            agent._note(event)
        return events

    answered("one")
    forked = answered("two")[0]
    assert isinstance(forked, Forked)
    assert forked.forked_from is call.core
    branch = agent.bound(forked.call)
    assert agent.calls == [call, branch]
    assert branch._take() is forked
    assert isinstance(branch._take(), Established)
    assert forked in call._unread
    agent._note(over(call))
    while agent._take() is not None:
        pass
    late = answered("three")[0]
    assert isinstance(late, Forked), "also of a call that has been forgotten"
    assert agent.calls == [branch, agent.bound(late.call)]


def test_a_message_belongs_to_a_call_or_to_none() -> None:
    """An instant message in a call is told to that call, one outside to the agent alone."""
    agent = opened()
    call = agent.invite(BOB)
    message = call.core.invite
    inside, outside = MessageReceived(call.core, message), MessageReceived(None, message)
    for event in (inside, outside):
        agent._note(event)
    assert (list(call._unread), list(agent._unread)) == ([inside], [inside, outside])


def test_the_outcome_is_what_came_first() -> None:
    """A call that was up and then ended has been up."""
    agent = opened()
    call = agent.invite(BOB)
    established = Established(call.core, call.core.invite)
    agent._note(established)
    agent._note(over(call))
    assert call._outcome is established


def test_a_call_is_found_until_its_end_has_been_read() -> None:
    """Who reads `Ended` still finds the call; with the next reading it is forgotten."""
    agent = opened()
    call = agent.invite(BOB)
    agent._note(over(call))
    agent._take()
    assert agent.bound(call.core) is call
    assert agent._take() is None
    with pytest.raises(LocalProtocolError, match="not any more"):
        agent.bound(call.core)
    agent._note(over(call))
    assert call._take() is not None
    assert call._take() is None, "nothing is told to a call that is forgotten"


def test_a_call_whose_end_nobody_reads_is_forgotten() -> None:
    """An agent that is never read holds no more than a bounded number of ended calls."""
    agent = opened()
    first = agent.invite(BOB)
    agent._note(over(first))
    for _ in range(UNREAD_EVENTS):
        agent._note(over(agent.invite(BOB)))
    assert len(agent._handles) == len(agent._unread) == UNREAD_EVENTS
    assert first.core not in agent._handles


def test_noise_does_not_push_out_what_matters() -> None:
    """However much garbage comes, it takes up half of what is kept, and events of calls find room."""
    agent = opened()
    for _ in range(2 * UNREAD_EVENTS):
        agent._note(NOISE)
    assert len(agent._unread) == UNREAD_EVENTS // 2
    call = agent.invite(BOB)
    agent._note(over(call))
    assert agent._unread[-1] == over(call)


def test_an_answer_goes_to_who_asked() -> None:
    """The answer to a request ends the waiting for it; one that nobody waits for is the agent's alone."""
    agent = opened()
    request = agent._bind(agent.endpoint.request, "OPTIONS", BOB)
    other, _ = agent.endpoint.request("OPTIONS", BOB, now=1000.0)
    answered, unheeded = Answered(request.core, 200, None), Answered(other, 200, None)
    for event in (answered, unheeded):
        agent._note(event)
    assert (request._ended, request._over()) == (answered, True)
    while agent._take() is not None:
        pass
    assert agent._handles == {}


def test_closing_ends_all_waiting() -> None:
    """When the agent is closed, nothing comes any more: for nobody."""
    agent = opened()
    call = agent.invite(BOB)
    request = agent._bind(agent.endpoint.request, "OPTIONS", BOB)
    agent._close()
    for inbox in (agent, call, request):
        assert inbox._over()
        with pytest.raises(LocalProtocolError, match="closed"):
            inbox._check_open()
    with pytest.raises(LocalProtocolError, match="closed"):
        agent._opened(("192.0.2.1", 5060))


class Pipe:
    """A connection that a test looks at."""

    def __init__(self, port: int) -> None:
        self.flow = Flow("TCP", ("192.0.2.1", 5060), ("192.0.2.2", port))
        self.written: list[bytes] = []
        self.unsent = 0
        self.proved: tuple[str, ...] = ()
        self.open: Open | None = None
        self.is_secured = False
        self.works = True
        self.closed = 0

    def write(self, data: bytes) -> bool:
        self.written.append(data)
        return self.works

    def close(self) -> None:
        self.closed += 1


def test_an_agent_is_at_several_addresses() -> None:
    """Each has its own real port, and all are advertised under one name."""
    agent = Agent("udp:0.0.0.0:0", "tcp:0.0.0.0:0", advertised=("sip.example.com", 0))
    with pytest.raises(LocalProtocolError, match="not open yet"):
        _ = agent.listening
    agent._opened(("0.0.0.0", 50_000), ("0.0.0.0", 50_001))
    assert agent.listening == (
        Listening("UDP", ("0.0.0.0", 50_000), ("sip.example.com", 50_000)),
        Listening("TCP", ("0.0.0.0", 50_001), ("sip.example.com", 50_001)),
    )
    assert agent.local == agent.listening[0]


def test_a_handshake_comes_to_one_end() -> None:
    """To a connection, or to none; who waits for it is told once, and nobody where the agent is closed."""
    agent = Agent("tls:192.0.2.1:5061", tls=object(), flow_times=FlowTimes(handshake_s=5.0, idle_s=60.0))
    agent._opened(("192.0.2.1", 5061))
    request, (opened,) = agent.endpoint.request("OPTIONS", "sips:bob@192.0.2.2", now=1000.0)
    assert isinstance(opened, Open)
    ours, theirs, late = Pipe(5061), Pipe(40_001), Pipe(40_002)
    ours.open = opened
    for number, each in enumerate((ours, theirs, late)):
        each.is_secured = True
        assert agent._begun_on(each, 1000.0 + number) == []
    assert agent._next_timeout() == 1005.0
    assert agent._shaken(theirs, 1003.0) == []
    assert agent.endpoint.flows == [theirs.flow]
    dropped, answered = agent._time_out(1005.0)
    assert isinstance(dropped, Dropped)
    assert (dropped.reason, dropped.why) == (DropReason.NOT_SECURED, "the handshake of TLS failed: too slow")
    assert isinstance(answered, Answered)
    assert (answered.request, answered.status, ours.closed) == (request, 503, 1)
    assert agent._failed(ours, OSError("again"), 1005.0) == []
    (gone,) = agent._failed(late, OSError("it was reset"), 1005.0)
    assert isinstance(gone, Dropped)
    assert gone.why.endswith("it was reset")
    agent._begun_on(late, 1006.0)
    agent._close()
    assert agent._failed(late, OSError("reset"), 1007.0) == []
    assert late.closed == 2


def test_a_connection_is_over_once() -> None:
    """However often its end is noticed, the endpoint is told once, and nobody else's connection is taken for it."""
    agent = Agent("tcp:192.0.2.1:5060")
    agent._opened(("192.0.2.1", 5060))
    pipe, again = Pipe(40_000), Pipe(40_000)
    agent._begun_on(pipe, 1000.0)
    assert agent.endpoint.flows == [pipe.flow]
    agent._hang_up_on(Close(pipe.flow), 1001.0)
    assert (agent.endpoint.flows, pipe.closed) == ([], 1)
    assert agent._hang_up_on(Close(pipe.flow), 1001.0) == []
    agent._begun_on(again, 1002.0)
    assert agent._over_for(pipe, 1003.0) == []
    assert agent.endpoint.flows == [again.flow]
    agent._close()
    assert agent._over_for(again, 1004.0) == []


def test_what_cannot_be_written_ends_the_connection() -> None:
    """A connection is written to while it is there; after a gap, nothing more goes out on it."""
    agent = Agent("tcp:192.0.2.1:5060")
    agent._opened(("192.0.2.1", 5060))
    pipe = Pipe(40_000)
    agent._begun_on(pipe, 1000.0)
    assert agent._write(Send(pipe.flow, b"one"), 1000.0) == []
    busy = []
    for pipe.unsent in (0, 1):
        busy.append(agent._is_busy)
    assert busy == [False, True]
    pipe.works = False
    agent._write(Send(pipe.flow, b"two"), 1000.0)
    assert (agent.endpoint.flows, pipe.closed, pipe.written) == ([], 1, [b"one", b"two"])
    assert not agent._is_busy
    agent._write(Send(pipe.flow, b"three"), 1000.0)
    assert pipe.written == [b"one", b"two"]


def test_all_that_waits_is_bounded() -> None:
    """With too much waiting in all, the connection is over that makes it more; what has gone out counts no longer."""
    agent = Agent("tcp:192.0.2.1:5060")
    agent._opened(("192.0.2.1", 5060))
    slow, slower, quick = Pipe(40_000), Pipe(40_001), Pipe(40_002)
    for pipe in (slow, slower, quick):
        agent._begun_on(pipe, 1000.0)
    slow.unsent = slower.unsent = UNSENT_BYTES_IN_ALL // 2
    for pipe in (slow, slower, quick):
        assert agent._write(Send(pipe.flow, b"one"), 1000.0) == []
    slow.unsent = 0
    slower.unsent += 1
    assert agent._write(Send(slower.flow, b"two"), 1000.0) == []
    slow.unsent = UNSENT_BYTES_IN_ALL // 2
    agent._write(Send(slow.flow, b"three"), 1000.0)
    assert (agent.endpoint.flows, slow.closed) == ([slower.flow, quick.flow], 1)
    agent._write(Send(slower.flow, b"four"), 1000.0)
    assert agent.endpoint.flows == [slower.flow, quick.flow]


def asleep(agent: Agent, now: float, wall: float) -> bytes:
    """The agent as bytes."""
    return agent._saved(now, wall)


@pytest.mark.parametrize(("wall", "slept"), [(503.5, 3.5), (500.0, 0.0), (400.0, 0.0)])
def test_time_goes_on_by_the_clock_on_the_wall(wall: float, slept: float) -> None:
    """The clock of another process counts from elsewhere; and a clock on the wall may have been set back."""
    agent = opened()
    call = agent.invite(BOB)
    data = asleep(agent, 1000.25, 500.0)
    again = Agent.restored(data)
    again._opened(("192.0.2.1", 5060), clock=77.0, wall=wall)
    assert 77.0 + again._ahead == pytest.approx(1000.25 + slept)
    due = [output for output in again._resume(77.0 + again._ahead) if isinstance(output, Send)]
    # Timer A: the INVITE of 1000.0 is due again at 1000.5.
    assert [send.data for send in due] == ([bytes(call.core.invite)] if slept else [])
    assert [each.call_id for each in again.calls] == [call.call_id]


def test_what_was_under_way_is_taken_up_again() -> None:
    """A connection that was there is gone; one that was being made, and a name that was asked for, are asked for."""
    agent = Agent("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060")
    agent._opened(("192.0.2.1", 5060), ("192.0.2.1", 5060))
    assert agent._resume(1000.0) == []
    asked: list[Output] = []
    for target in ("192.0.2.2;transport=tcp", "192.0.2.3;transport=tcp", "example.com"):
        asked += agent.endpoint.request("OPTIONS", f"sip:{target}", now=1000.0)[1]
    there, missing, name = asked
    assert isinstance(there, Open)
    pipe = Pipe(5060)
    pipe.open = there
    agent._begun_on(pipe, 1000.0)
    again = Agent.restored(asleep(agent, 1000.0, 0.0))
    again._opened(("192.0.2.1", 5060), ("192.0.2.1", 5060), clock=1000.0)
    lost, *outputs = again._resume(1000.0)
    assert isinstance(lost, Answered)
    assert (lost.status, outputs) == (503, [missing, name])
    assert isinstance(name, Resolve)
    assert again.endpoint.flows == []


def test_a_call_that_is_over_is_not_taken_up() -> None:
    """It is kept for stragglers only, and nobody is told of it; one that goes on is."""
    bench, agent = Bench(), opened()
    bench.endpoint = agent.endpoint
    over, up = bench.answered(), bench.answered()
    bench.take(over.hang_up(now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    assert (str(over.state), agent.endpoint.calls) == ("ended", [over, up])
    again = Agent.restored(asleep(agent, bench.now, 0.0))
    again._opened(("192.0.2.1", 5060))
    assert [each.call_id for each in again.calls] == [up.call_id]


def test_only_an_agent_is_restored_as_one() -> None:
    """Neither a bare endpoint, nor what is damaged, be it in the time."""
    data = asleep(opened(), 1000.0, 500.0)
    suspended = Suspended.read(data, None, None)
    assert (suspended.now, suspended.wall) == (1000.0, 500.0)
    for bad in (b"", data.partition(b"\n")[2], data.replace(b" 1000000000 ", b" 1000000001 ", 1), data[:-1]):
        with pytest.raises(SnapshotError):
            Agent.restored(bad)


def test_an_address_is_a_host_and_a_port() -> None:
    """A zone, which only the socket's own tuple tells, stays with the host: without it a link-local peer is lost."""
    assert address_of(("192.0.2.1", 5060)) == ("192.0.2.1", 5060)
    assert address_of(("2001:db8::1", 5060, 0, 0)) == ("2001:db8::1", 5060)
    assert address_of(("fe80::1", 5060, 0, 2)) == ("fe80::1%2", 5060)
    assert address_of(("fe80::1%eth0", 5060, 0, 2)) == ("fe80::1%eth0", 5060)


def test_hosts_come_in_the_order_of_preference() -> None:
    """What `getaddrinfo` found is taken as it is, each address once."""
    datagram = (socket.SOCK_DGRAM, 17, "")
    found = [
        (socket.AF_INET6, *datagram, ("2001:db8::1", 5060, 0, 0)),
        (socket.AF_INET, *datagram, ("192.0.2.1", 5060)),
        (socket.AF_INET6, *datagram, ("2001:db8::1", 5060, 0, 0)),
    ]
    assert hosts_of(found) == ["2001:db8::1", "192.0.2.1"]
