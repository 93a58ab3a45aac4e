"""What every adapter does, over real sockets on loopback: one text for all of them.

A scenario is given an adapter and a place; the other end is a scripted peer (see `peer.py`). It is written with
`await`, and with a blocking adapter nothing is awaited for real (see `driving.py`).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Coroutine
from typing import Any, Final

import pytest

from sipsm import (
    Answered,
    AnswerReceived,
    CallState,
    Dropped,
    DropReason,
    Ended,
    EndReason,
    Established,
    IncomingCall,
    InfoReceived,
    LocalProtocolError,
    MessageReceived,
    ModificationRefused,
    Modified,
    OfferReceived,
    OfferRequested,
    Operation,
    Policy,
    Profile,
    ProvisionalAcknowledged,
    PublicationEnded,
    PublicationEndReason,
    Published,
    RequestServed,
    Ringing,
    TimerValues,
)
from sipsm.sdp import SessionDescription, hold
from sipsm.transport.flow import bracketed
from tests.adapters.driving import Adapter, done, first, opened, rest
from tests.adapters.peer import SDP, Peer, Place, branch_of, header, peer_at, silent_port, tag_of

Scenario = Callable[[Adapter, Place], Coroutine[Any, Any, None]]

QUICK: Final = TimerValues(T1=0.001)
"""On loopback an answer takes no longer; silence is over after 64 times this."""


async def an_outgoing_call(adapter: Adapter, place: Place) -> None:
    """A call is placed, rings, is answered and hung up; the block is left when the BYE has been answered."""

    def callee(peer: Peer) -> None:
        invite = peer.hear("INVITE ")
        assert invite.encode().endswith(b"\r\n\r\n" + SDP)
        peer.respond(invite, "180 Ringing")
        peer.respond(invite, "200 OK", body=SDP)
        assert header(peer.hear("ACK "), "CSeq").split()[0] == header(invite, "CSeq").split()[0]
        peer.respond(peer.hear("BYE "), "200 OK")

    with peer_at(place) as stage:
        stage.play(callee)
        async with opened(adapter.agent(place.any_port)) as agent:
            call = await done(agent.invite(stage.uri, offer=SDP))
            assert (call.outgoing, call.local_sdp) == (True, SDP)
            assert isinstance(await done(call.outcome()), Established)
            assert (call.state, call.remote_sdp) == (CallState.ESTABLISHED, SDP)
            await done(call.hang_up())
        events = await rest(call)
        assert [type(event) for event in events] == [Ringing, AnswerReceived, Established, Ended]
        assert (await done(call.ended())).reason is EndReason.HUNG_UP
        assert await rest(agent) == events, "the agent tells what its calls tell"


async def a_call_without_an_offer(adapter: Adapter, place: Place) -> None:
    """The offer comes in the 2xx, and its answer goes into the ACK."""

    def callee(peer: Peer) -> None:
        peer.respond(peer.hear("INVITE "), "200 OK", body=SDP)
        assert peer.hear("ACK ").encode().endswith(b"\r\n\r\n" + SDP)
        peer.respond(peer.hear("BYE "), "200 OK")

    with peer_at(place) as stage:
        stage.play(callee)
        async with opened(adapter.agent(place.any_port)) as agent:
            call = await done(agent.invite(stage.uri))
            offer = await first(call, OfferReceived)
            await done(call.answer_offer(offer.sdp))
            assert isinstance(await done(call.outcome()), Established)
            await done(call.hang_up())


async def an_incoming_call(adapter: Adapter, place: Place) -> None:
    """A call comes in, is answered after ringing, serves a request of the peer's, and ends by the peer's BYE."""

    def caller(peer: Peer) -> None:
        invite = peer.ask("INVITE", body=SDP)
        ringing = peer.hear("SIP/2.0 180 ")
        answer = peer.hear("SIP/2.0 200 ")
        assert answer.encode().endswith(b"\r\n\r\n" + SDP)
        assert tag_of(ringing) == tag_of(answer)
        peer.ask("ACK", like=invite, to_tag=tag_of(answer))
        peer.ask("OPTIONS", like=invite, to_tag=tag_of(answer), cseq=2)
        peer.hear("SIP/2.0 200 ")
        peer.ask("BYE", like=invite, to_tag=tag_of(answer), cseq=3)
        peer.hear("SIP/2.0 200 ")

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(caller, agent.local.address)
            incoming = await first(agent, IncomingCall)
            assert incoming.offer == SDP
            call = agent.bound(incoming.call)
            assert call is agent.bound(incoming.call)
            await done(call.ring())
            await done(call.answer(SDP))
            assert isinstance(await done(call.outcome()), Established)
            assert (await done(call.ended())).reason is EndReason.HUNG_UP_BY_PEER
            assert [type(event) for event in await rest(call)] == [IncomingCall, Established, Ended]
            assert (await first(agent, RequestServed)).request.method == "OPTIONS"


async def a_call_that_is_rejected(adapter: Adapter, place: Place) -> None:
    """A refusal waits until the caller acknowledges it, over UDP repeated, and the block is not left before that."""

    def caller(peer: Peer) -> None:
        invite = peer.ask("INVITE", body=SDP)
        busy = peer.hear_final("SIP/2.0 486 ")
        if place.transport == "UDP":
            assert peer.hear("SIP/2.0 486 ") == busy
        peer.ask("ACK", like=invite, to_tag=tag_of(busy), branch=branch_of(invite))

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port, times=TimerValues(T1=0.05))) as agent:
            stage.play(caller, agent.local.address)
            incoming = await first(agent, IncomingCall)
            call = agent.bound(incoming.call)
            await done(call.reject(486))
            assert (await done(call.outcome())) is (await done(call.ended()))
            assert (await done(call.ended())).reason is EndReason.DECLINED


async def a_call_that_the_peer_rejects(adapter: Adapter, place: Place) -> None:
    """The outcome of a refused call is its end, with the status."""

    def callee(peer: Peer) -> None:
        invite = peer.hear("INVITE ")
        peer.respond(invite, "603 Decline")
        assert branch_of(peer.hear("ACK ")) == branch_of(invite)

    with peer_at(place) as stage:
        stage.play(callee)
        async with opened(adapter.agent(place.any_port)) as agent:
            call = await done(agent.invite(stage.uri, offer=SDP))
            outcome = await done(call.outcome())
            assert isinstance(outcome, Ended)
            assert (outcome.reason, outcome.status) == (EndReason.REJECTED, 603)


async def a_call_that_is_cancelled(adapter: Adapter, place: Place) -> None:
    """We give up while it rings."""

    def callee(peer: Peer) -> None:
        invite = peer.hear("INVITE ")
        peer.respond(invite, "180 Ringing")
        cancel = peer.hear("CANCEL ")
        assert branch_of(cancel) == branch_of(invite)
        peer.respond(cancel, "200 OK")
        peer.respond(invite, "487 Request Terminated")
        peer.hear("ACK ")

    with peer_at(place) as stage:
        stage.play(callee)
        async with opened(adapter.agent(place.any_port)) as agent:
            call = await done(agent.invite(stage.uri, offer=SDP))
            await first(call, Ringing)
            await done(call.cancel())
            assert (await done(call.ended())).reason is EndReason.CANCELLED


async def a_call_that_the_peer_cancels(adapter: Adapter, place: Place) -> None:
    """The caller gives up while it rings here."""

    def caller(peer: Peer) -> None:
        invite = peer.ask("INVITE", body=SDP)
        peer.hear("SIP/2.0 180 ")
        peer.ask("CANCEL", like=invite, branch=branch_of(invite))
        finals = {header(final, "CSeq").split()[1]: final for final in (peer.hear("SIP/2.0 "), peer.hear("SIP/2.0 "))}
        assert finals["CANCEL"].startswith("SIP/2.0 200 ")
        assert finals["INVITE"].startswith("SIP/2.0 487 ")
        peer.ask("ACK", like=invite, to_tag=tag_of(finals["INVITE"]), branch=branch_of(invite))

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(caller, agent.local.address)
            call = agent.bound((await first(agent, IncomingCall)).call)
            await done(call.ring())
            assert (await done(call.ended())).reason is EndReason.CANCELLED_BY_PEER


async def options_both_ways(adapter: Adapter, place: Place) -> None:
    """A request outside a call is answered, here as there; ours is known by its profile."""

    def asks_back(peer: Peer) -> None:
        options = peer.hear("OPTIONS ")
        assert header(options, "User-Agent") == "conformance"
        peer.respond(options, "200 OK")
        peer.ask("OPTIONS")
        assert header(peer.hear("SIP/2.0 200 "), "Server") == "conformance"

    with peer_at(place) as stage:
        stage.play(asks_back)
        async with opened(adapter.agent(place.any_port, profile=Profile(user_agent="conformance"))) as agent:
            answered = await done(agent.request("OPTIONS", stage.uri))
            assert (answered.status, answered.response.status) == (200, 200)
            await first(agent, RequestServed)


async def messages_both_ways(adapter: Adapter, place: Place) -> None:
    """An instant message goes out and comes in; one that expires says since when; capabilities are asked for."""

    def chats(peer: Peer) -> None:
        message = peer.hear("MESSAGE ")
        assert (header(message, "Content-Type"), message.partition("\r\n\r\n")[2]) == ("text/plain", "hello")
        assert header(message, "Expires") == "60"
        assert header(message, "Date").endswith(" GMT")
        peer.respond(message, "202 Accepted")
        options = peer.hear("OPTIONS ")
        assert header(options, "Accept") == "application/sdp"
        peer.respond(options, "486 Busy Here")
        peer.ask("MESSAGE", "Expires: 3600", "Content-Type: text/plain", body=b"")
        peer.hear("SIP/2.0 200 ")

    with peer_at(place) as stage:
        stage.play(chats)
        async with opened(adapter.agent(place.any_port)) as agent:
            assert (await done(agent.message(stage.uri, "hello", expires_s=60))).status == 202
            assert (await done(agent.options(stage.uri))).status == 486
            received = await first(agent, MessageReceived)
            assert received.holds.until is not None


async def a_port_at_which_nobody_listens(adapter: Adapter, place: Place) -> None:
    """Nobody answers: a request ends as if with 408, and so does a call."""
    nobody = f"sip:nobody@{bracketed(place.host)}:{silent_port(place)}"
    async with opened(adapter.agent(place.any_port, times=QUICK)) as agent:
        assert (await done(agent.request("OPTIONS", nobody))).status == 408
        call = await done(agent.invite(nobody, offer=SDP))
        outcome = await done(call.outcome())
        assert isinstance(outcome, Ended)
        assert (outcome.reason, outcome.status) == (EndReason.TIMED_OUT, 408)


async def a_datagram_that_the_system_refuses(adapter: Adapter, place: Place) -> None:
    """What cannot be sent fails at once, as if with 503, and the agent goes on."""
    too_long = b"x" * 65_536
    with peer_at(place) as stage:
        stage.play(lambda peer: peer.respond(peer.hear("OPTIONS "), "200 OK"))
        async with opened(adapter.agent(place.any_port)) as agent:
            answered = await done(agent.request("OPTIONS", stage.uri, body=too_long, content_type="text/plain"))
            assert (answered.status, answered.response) == (503, None)
            call = await done(agent.invite(stage.uri, offer=SDP + too_long))
            assert (await done(call.ended())).reason is EndReason.TRANSPORT_FAILED
            assert (await done(agent.request("OPTIONS", stage.uri))).status == 200


async def a_peer_that_is_silent_at_first(adapter: Adapter, place: Place) -> None:
    """A request is sent again until it is answered: the same bytes each time."""

    def deaf_twice(peer: Peer) -> None:
        options = peer.hear("OPTIONS ")
        assert peer.hear("OPTIONS ") == options
        assert peer.hear("OPTIONS ") == options
        peer.respond(options, "200 OK")

    with peer_at(place) as stage:
        stage.play(deaf_twice)
        async with opened(adapter.agent(place.any_port, times=TimerValues(T1=0.05))) as agent:
            assert (await done(agent.request("OPTIONS", stage.uri))).status == 200


async def bytes_that_are_no_sip(adapter: Adapter, place: Place) -> None:
    """Anything may come in a datagram, even nothing: it is told, and the agent goes on."""

    def babbles(peer: Peer) -> None:
        peer.say(b"\x00\xff\xfe no SIP at all")
        peer.say(b"")
        peer.ask("OPTIONS")
        peer.hear("SIP/2.0 200 ")

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(babbles, agent.local.address)
            babble = await first(agent, Dropped)
            assert (babble.reason, babble.data) == (DropReason.NOT_SIP, b"\x00\xff\xfe no SIP at all")
            assert babble.flow.remote == stage.peer.address
            assert (await first(agent, Dropped)).reason is DropReason.KEEP_ALIVE
            await first(agent, RequestServed)


async def the_largest_datagram(adapter: Adapter, place: Place) -> None:
    """The largest message that fits into a datagram arrives whole; of one too long for the limits, that is told."""

    def shouts(peer: Peer) -> None:
        peer.listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 200_000)
        peer.say(b"x" * 65_507)

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(shouts, agent.local.address)
            assert (await first(agent, Dropped)).data == b"x" * 65_507


async def a_name_that_has_no_address(adapter: Adapter, place: Place) -> None:
    """A host that cannot be found ends a request as if with 503."""
    # A label of more than 63 characters is refused before anybody is asked.
    async with opened(adapter.agent(place.any_port)) as agent:
        answered = await done(agent.request("OPTIONS", f"sip:nobody@{'x' * 64}.example"))
        assert (answered.status, answered.response) == (503, None)


async def misuse(adapter: Adapter, place: Place) -> None:
    """What a rule forbids raises in the caller, sends nothing, and the call goes on."""

    def callee(peer: Peer) -> None:
        peer.respond(peer.hear("INVITE "), "200 OK", body=SDP)
        peer.hear("ACK ")
        peer.respond(peer.hear("BYE "), "200 OK")

    with peer_at(place) as stage:
        stage.play(callee)
        agent = adapter.agent(place.any_port)
        with pytest.raises(LocalProtocolError, match="not open yet"):
            await done(agent.invite(stage.uri))
        async with opened(agent):
            with pytest.raises(LocalProtocolError, match="no URI"):
                await done(agent.request("OPTIONS", "nobody"))
            call = await done(agent.invite(stage.uri, offer=SDP))
            with pytest.raises(LocalProtocolError, match="not for the caller"):
                await done(call.answer(SDP))
            assert isinstance(await done(call.outcome()), Established)
            await done(call.hang_up())
            with pytest.raises(LocalProtocolError, match="hang up"):
                await done(call.hang_up())
            await done(call.ended())
        with pytest.raises(LocalProtocolError, match="closed"):
            await done(call.hang_up())
        with pytest.raises(LocalProtocolError, match="closed"):
            await done(agent.request("OPTIONS", stage.uri))


async def a_wildcard_address(adapter: Adapter, place: Place) -> None:
    """Bound to all addresses of an IP version, and of that alone, an agent must be told which one others are to use."""
    wildcard, other = ("udp:[::]:0", "udp:0.0.0.0") if ":" in place.host else ("udp:0.0.0.0:0", "udp:[::]")
    with pytest.raises(LocalProtocolError, match="advertise"):
        adapter.agent(wildcard)

    def answers(peer: Peer) -> None:
        options = peer.hear("OPTIONS ")
        assert f"SIP/2.0/UDP {bracketed(place.host)}:{peer.agent[1]};" in header(options, "Via")
        peer.respond(options, "200 OK")

    with peer_at(place) as stage:
        stage.play(answers)
        async with opened(adapter.agent(wildcard, advertised=(place.host, 0))) as agent:
            assert agent.local.advertised == (place.host, agent.local.address[1])
            assert (await done(agent.request("OPTIONS", stage.uri))).status == 200
            same_port = agent.local.address[1]
            async with opened(adapter.agent(f"{other}:{same_port}", advertised=("sip.example.com", 0))) as second:
                assert second.local.advertised == ("sip.example.com", same_port)


async def an_exception_in_the_middle_of_a_call(adapter: Adapter, place: Place) -> None:
    """An exception leaves the block as it is, at once, and what has been opened is closed."""

    def callee(peer: Peer) -> None:
        peer.respond(peer.hear("INVITE "), "180 Ringing")

    with peer_at(place) as stage:
        stage.play(callee)
        agent = adapter.agent(place.any_port, grace=3600.0)
        mistake = ZeroDivisionError("of the program's own")

        async def program() -> None:
            async with opened(agent):
                call = await done(agent.invite(stage.uri, offer=SDP))
                await first(call, Ringing)
                calls.append(call)
                raise mistake

        calls: list[Any] = []
        with pytest.raises(ZeroDivisionError) as raised:
            await program()
        assert raised.value is mistake
        with place.socket() as again:
            if place.transport == "TCP":
                again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(agent.local.address)
        assert await rest(calls[0]) == []
        with pytest.raises(LocalProtocolError, match="closed"):
            await done(calls[0].outcome())


async def an_impatient_end(adapter: Adapter, place: Place) -> None:
    """Without grace, the block is left though a request is still unanswered."""
    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port, grace=0.0)) as agent:
            call = await done(agent.invite(stage.uri, offer=SDP))
        assert agent.endpoint.unfinished == 1
        assert call.state is CallState.CALLING


async def a_port_in_use(adapter: Adapter, place: Place) -> None:
    """An address that is taken is the system's error, and nothing stays open."""
    with peer_at(place) as stage, pytest.raises(OSError, match="in use"):
        async with opened(adapter.agent(f"{place.transport.lower()}:{stage.peer.host_port}")):
            pass


async def a_request_within_a_call(adapter: Adapter, place: Place) -> None:
    """OPTIONS and MESSAGE in the dialog are answered, and the answers are events of the call; the date is put in."""

    def callee(peer: Peer) -> None:
        peer.respond(peer.hear("INVITE "), "200 OK", body=SDP)
        peer.hear("ACK ")
        peer.respond(peer.hear("OPTIONS "), "200 OK")
        message = peer.hear("MESSAGE ")
        assert header(message, "Expires") == "60"
        assert header(message, "Date").endswith(" GMT")
        peer.respond(message, "202 Accepted")
        peer.respond(peer.hear("BYE "), "200 OK")

    with peer_at(place) as stage:
        stage.play(callee)
        async with opened(adapter.agent(place.any_port)) as agent:
            call = await done(agent.invite(stage.uri, offer=SDP))
            await done(call.outcome())
            answered = await done(call.request("OPTIONS"))
            assert (answered.status, answered.request.call) == (200, call.core)
            assert await first(call, Answered) is answered
            answered = await done(call.message("hello", expires_s=60))
            assert (answered.status, answered.request.call) == (202, call.core)
            assert await first(call, Answered) is answered
            with pytest.raises(LocalProtocolError, match="cannot ask BYE"):
                await done(call.request("BYE"))
            await done(call.hang_up())
            assert [type(event) for event in await rest(call)] == [Ended]


async def a_session_that_we_change(adapter: Adapter, place: Place) -> None:
    """Our re-INVITE puts the call on hold, described as bytes or as a description; an INFO is asked and answered."""
    held = hold(SDP)

    def callee(peer: Peer) -> None:
        peer.respond(peer.hear("INVITE "), "200 OK", body=SDP)
        peer.hear("ACK ")
        again = peer.hear("INVITE ")
        assert again.encode().endswith(b"\r\n\r\n" + bytes(held))
        peer.respond(again, "200 OK", body=SDP)
        peer.hear("ACK ")
        update = peer.hear("UPDATE ")
        assert update.encode().endswith(b"\r\n\r\n" + SDP)
        peer.respond(update, "488 Not Acceptable Here")
        info = peer.hear("INFO ")
        assert info.endswith("\r\n\r\nSignal=1")
        peer.respond(info, "200 OK")
        peer.respond(peer.hear("BYE "), "200 OK")

    with peer_at(place) as stage:
        stage.play(callee)
        async with opened(adapter.agent(place.any_port)) as agent:
            call = await done(agent.invite(stage.uri, offer=SessionDescription.parse(SDP)))
            await done(call.outcome())
            await done(call.offer(held))
            assert (await first(call, Modified)).method == "INVITE"
            assert call.agreed == (bytes(held), SDP)
            await done(call.offer(SDP, method="UPDATE"))
            assert (await first(call, ModificationRefused)).status == 488
            assert call.agreed == (bytes(held), SDP)
            answered = await done(call.info(None, b"Signal=1", "application/dtmf-relay"))
            assert (answered.status, answered.request.call) == (200, call.core)
            await done(call.hang_up())


async def a_session_that_the_peer_changes(adapter: Adapter, place: Place) -> None:
    """The peer's re-INVITE is refused, its UPDATE answered, its bare re-INVITE gets an offer; its INFO is told."""

    def caller(peer: Peer) -> None:
        invite = peer.ask("INVITE", body=SDP)
        answer = peer.hear("SIP/2.0 200 ")
        tag = tag_of(answer)
        peer.ask("ACK", like=invite, to_tag=tag)
        again = peer.ask("INVITE", like=invite, to_tag=tag, cseq=2, body=SDP)
        peer.hear("SIP/2.0 488 ")
        peer.ask("ACK", like=invite, to_tag=tag, cseq=2, branch=branch_of(again))
        peer.ask("UPDATE", like=invite, to_tag=tag, cseq=3, body=SDP)
        assert peer.hear("SIP/2.0 200 ").encode().endswith(b"\r\n\r\n" + SDP)
        peer.ask("INVITE", like=invite, to_tag=tag, cseq=4)
        assert peer.hear("SIP/2.0 200 ").encode().endswith(b"\r\n\r\n" + SDP)
        peer.ask("ACK", like=invite, to_tag=tag, cseq=4, body=SDP)
        peer.ask("INFO", like=invite, to_tag=tag, cseq=5)
        peer.hear("SIP/2.0 200 ")
        peer.ask("BYE", like=invite, to_tag=tag, cseq=6)
        peer.hear("SIP/2.0 200 ")

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(caller, agent.local.address)
            call = agent.bound((await first(agent, IncomingCall)).call)
            await done(call.answer(SDP))
            await first(call, OfferReceived)
            await done(call.reject_offer())
            offer = await first(call, OfferReceived)
            await done(call.answer_offer(SessionDescription.parse(offer.sdp)))
            await first(call, OfferRequested)
            await done(call.answer(SDP))
            await first(call, AnswerReceived)
            assert (await first(call, InfoReceived)).package is None
            assert (await done(call.ended())).reason is EndReason.HUNG_UP_BY_PEER


async def a_reliable_response_of_ours(adapter: Adapter, place: Place) -> None:
    """Early media: the 183 with the answer is acknowledged by a PRACK before the call is answered."""

    def caller(peer: Peer) -> None:
        invite = peer.ask("INVITE", "Supported: 100rel", body=SDP)
        early = peer.hear("SIP/2.0 183 ")
        assert early.encode().endswith(b"\r\n\r\n" + SDP)
        rack = f"RAck: {header(early, 'RSeq')} 1 INVITE"
        peer.ask("PRACK", rack, like=invite, to_tag=tag_of(early), cseq=2)
        peer.hear("SIP/2.0 200 ")
        answer = peer.hear("SIP/2.0 200 ")
        assert header(answer, "CSeq") == "1 INVITE"
        peer.ask("ACK", like=invite, to_tag=tag_of(answer))
        peer.ask("BYE", like=invite, to_tag=tag_of(answer), cseq=3)
        peer.hear("SIP/2.0 200 ")

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(caller, agent.local.address)
            call = agent.bound((await first(agent, IncomingCall)).call)
            await done(call.ring(183, sdp=SDP, reliable=True))
            await first(call, ProvisionalAcknowledged)
            await done(call.answer())
            assert isinstance(await done(call.outcome()), Established)
            await done(call.ended())


async def a_reliable_response_of_the_peer(adapter: Adapter, place: Place) -> None:
    """The policy may leave each PRACK to the program, which then says when, and in which of the early dialogs."""

    def callee(peer: Peer) -> None:
        invite = peer.hear("INVITE ")
        peer.respond(invite, "183 Session Progress", "Require: 100rel", "RSeq: 7", body=SDP)
        prack = peer.hear("PRACK ")
        assert header(prack, "RAck").startswith("7 ")
        peer.respond(prack, "200 OK")
        peer.respond(invite, "200 OK")
        peer.hear("ACK ")
        peer.respond(peer.hear("BYE "), "200 OK")

    with peer_at(place) as stage:
        stage.play(callee)
        async with opened(adapter.agent(place.any_port, policy=Policy(prack_by_hand=True))) as agent:
            call = await done(agent.invite(stage.uri, offer=SDP))
            ringing = await first(call, Ringing)
            await done(call.acknowledge(dialog=ringing.dialog))
            assert isinstance(await done(call.outcome()), Established)
            await done(call.hang_up())


async def a_publication(adapter: Adapter, place: Place) -> None:
    """Any command of the endpoint can be given with `do`, be there a handle or not; its events are the agent's."""

    def compositor(peer: Peer) -> None:
        for operation in ("open", "closed", ""):
            publish = peer.hear("PUBLISH ")
            assert publish.partition("\r\n\r\n")[2] == operation
            peer.respond(publish, "200 OK", "SIP-ETag: tag", "Expires: 600")

    with peer_at(place) as stage:
        stage.play(compositor)
        async with opened(adapter.agent(place.any_port)) as agent:
            publish = agent.endpoint.publish
            publication = await done(agent.do(publish, stage.uri, "door", b"open", "text/plain", expires_s=600))
            assert (await first(agent, Published)).publication is publication
            assert await done(agent.do(publication.modify, b"closed")) is None
            assert (await first(agent, Published)).operation is Operation.MODIFY
            await done(agent.do(publication.remove))
            assert (await first(agent, PublicationEnded)).reason is PublicationEndReason.REMOVED
            with pytest.raises(LocalProtocolError, match="the publication is over"):
                await done(agent.do(publication.refresh))
        with pytest.raises(LocalProtocolError):
            await done(agent.do(publication.refresh))


SCENARIOS: Final[list[Scenario]] = [
    a_publication,
    messages_both_ways,
    an_outgoing_call,
    a_call_without_an_offer,
    an_incoming_call,
    a_call_that_is_rejected,
    a_call_that_the_peer_rejects,
    a_call_that_is_cancelled,
    a_call_that_the_peer_cancels,
    a_request_within_a_call,
    a_session_that_we_change,
    a_session_that_the_peer_changes,
    a_reliable_response_of_ours,
    a_reliable_response_of_the_peer,
    options_both_ways,
    a_name_that_has_no_address,
    misuse,
    an_exception_in_the_middle_of_a_call,
    an_impatient_end,
    a_port_in_use,
]
"""What is so over every transport."""
OF_DATAGRAMS: Final[list[Scenario]] = [
    a_port_at_which_nobody_listens,
    a_datagram_that_the_system_refuses,
    a_peer_that_is_silent_at_first,
    bytes_that_are_no_sip,
    the_largest_datagram,
    a_wildcard_address,
]
"""What is so over UDP."""
