"""Publications and subscriptions are on a tape as calls are, also after a crash."""

from __future__ import annotations

import pytest

from sipsm import Composing, Profile, PublishRequested, Registering, RegistrationRequested, SubscriptionRequested
from sipsm.testing import Net, Tape, replay
from tests.ladders.publishers import PIDF


@pytest.mark.parametrize("saved", [None, 4.0])
def test_what_is_done_with_them_is_done_again(saved: float | None) -> None:
    """The run from the tape alone is the run: each command reaches what it was given to."""
    net = Net(3, loss=0.1, delay=0.1, tape=Tape())
    profile = Profile(event_packages=("door",), composes=Composing({"door": (PIDF,)}, by_hand=True))
    pua, server = net.agent("pua"), net.agent("server", profile=profile)
    server.on(PublishRequested, lambda event: net.after(0.5, lambda: server.do(event.asked.accept)))
    server.on(SubscriptionRequested, lambda event: server.do(event.subscription.accept, b"<x/>", PIDF))
    publication = pua.do(pua.endpoint.publish, "sip:door@server", "door", b"<a/>", PIDF, expires_s=60)
    subscription = pua.do(pua.endpoint.subscribe, "sip:door@server", "door", expires_s=60)
    net.crash("server", at=5, back=5.5, saved=saved)
    net.run(until=3)
    for peer in server.endpoint.peer_subscriptions:
        server.do(peer.notify, b"<y/>", PIDF)
    pua.do(publication.modify, b"<b/>")
    net.run(until=9)
    for peer in server.endpoint.peer_subscriptions:
        server.do(peer.notify, b"<z/>", PIDF)
    pua.do(publication.refresh)
    pua.do(subscription.refresh)
    net.run(until=20)
    assert net.tape is not None
    assert replay(net.tape.text) == net.ladder()


@pytest.mark.parametrize("saved", [None, 4.0])
def test_what_is_registered_is_registered_again(saved: float | None) -> None:
    """Registrations of both sides too, with what the application decides, and the settings of the registrar."""
    net = Net(3, loss=0.1, delay=0.1, tape=Tape())
    profile = Profile(registers=Registering(["biloxi"], by_hand=True, addresses=["sip:bob@biloxi"]))
    bob, biloxi = net.agent("bob"), net.agent("biloxi", profile=profile)
    biloxi.on(RegistrationRequested, lambda event: net.after(0.5, lambda: biloxi.do(event.asked.accept)))
    registration = bob.do(bob.endpoint.register, "sip:bob@biloxi", expires_s=60)
    net.crash("biloxi", at=5, back=5.5, saved=saved)
    net.run(until=3)
    bob.do(registration.modify, ["<sip:bob@192.0.2.9>;q=0.5"])
    net.run(until=9)
    biloxi.do(biloxi.endpoint.unbind, "sip:bob@biloxi")
    bob.do(registration.refresh)
    bob.do(bob.endpoint.query_bindings, "sip:bob@biloxi")
    net.run(until=20)
    bob.do(bob.endpoint.unregister, "sip:bob@biloxi", everything=True)
    net.run(until=25)
    assert net.tape is not None
    assert replay(net.tape.text) == net.ladder()
