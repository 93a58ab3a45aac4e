"""The registrations of RFC 3665 2, between two of our endpoints.

Not here: the digest of their challenges, with which 2.1 and 2.5 are about who Bob is; and SIPS, of which nothing else
follows. In 2.1 and 2.5 the registrar asks somebody else who may register.
"""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import (
    BindingAdded,
    BindingRemoved,
    Profile,
    Registered,
    Registering,
    RegisterOperation,
    RegistrationEnded,
    RegistrationEndReason,
    RegistrationRequested,
    UnbindReason,
)
from sipsm.testing import Agent, Net, ladder, nothing_left
from tests.ladders.parties import response, told

BOB = "Bob <sip:bob@biloxi.example.com>"
MAIL = "mailto:bob@biloxi.example.com"


def bob_and_ss2(**settings: Any) -> tuple[Net, Agent, Agent]:
    """A network with Bob, and the server of biloxi.example.com."""
    net = Net()
    bob = net.agent("bob")
    domains = ("biloxi.example.com", "ss2.biloxi.example.com")
    # The RFC's binding to a mailbox lasts for 136 years.
    registering = Registering(domains, longest_s=2**32 - 1, **settings)
    ss2 = net.agent("ss2", profile=Profile(registers=registering))
    net.names["ss2.biloxi.example.com"] = "ss2"
    return net, bob, ss2


def listed(net: Net, ss2: Agent) -> tuple[str, ...]:
    """The Contacts of the last 200."""
    return response(net, ss2, 200).lines_of("Contact")


@pytest.mark.rfc("3665 2.1", "3261 10.2", "3261 10.3")
def test_a_new_registration() -> None:
    """The server lets him, and its 200 lists where he is; it has not known him before."""
    net, bob, ss2 = bob_and_ss2(by_hand=True)
    ss2.on(RegistrationRequested, lambda event: ss2.do(event.asked.accept))
    registration = bob.do(bob.endpoint.register, BOB, "sip:ss2.biloxi.example.com")
    assert net.run(until=1) == ladder("""
        0.0  bob REGISTER--------> ss2
        0.0  bob <------------200- ss2
    """)
    assert listed(net, ss2) == (f"<sip:bob@{bob.host}:5060>;expires=3600",)
    (event,) = told(bob, Registered)
    assert (event.registration, event.operation) == (registration, RegisterOperation.REGISTER)
    (added,) = told(ss2, BindingAdded)
    assert [str(added.address), str(added.binding.uri)] == ["sip:bob@biloxi.example.com", f"sip:bob@{bob.host}:5060"]


@pytest.mark.rfc("3665 2.2", "3665 2.3", "3665 2.4", "3261 10.2.2", "3261 10.2.3")
def test_the_contact_list_is_updated_asked_for_and_cancelled() -> None:
    """A mailbox is added to where he is; who asks is told both, and a `*` removes both."""
    net, bob, ss2 = bob_and_ss2()
    registrar = "sip:ss2.biloxi.example.com"
    here = f"<sip:bob@{bob.host}:5060>"
    bob.do(bob.endpoint.register, BOB, registrar)
    net.run(until=10)
    # 2.2: Update of Contact List
    mail = bob.do(bob.endpoint.register, BOB, registrar, contacts=MAIL, expires_s=2**32 - 1)
    net.run(until=20)
    both = (f"{here};expires=3590", f"<{MAIL}>;expires=4294967295")
    assert listed(net, ss2) == both
    # 2.3: Request for Current Contact List
    bob.do(bob.endpoint.query_bindings, BOB, registrar)
    net.run(until=30)
    (event,) = told(bob, RegistrationEnded)
    assert event.reason is RegistrationEndReason.ANSWERED
    assert [str(each) for each in event.bindings or ()] == [f"{here};expires=3580", f"<{MAIL}>;expires=4294967285"]
    # 2.4: Cancellation of Registration
    bob.do(mail.remove, everything=True)
    assert net.run(until=40) == ladder("""
         0.0  bob REGISTER--------> ss2
         0.0  bob <------------200- ss2
        10.0  bob REGISTER--------> ss2
        10.0  bob <------------200- ss2
        20.0  bob REGISTER--------> ss2
        20.0  bob <------------200- ss2
        30.0  bob REGISTER--------> ss2
        30.0  bob <------------200- ss2
    """)
    assert listed(net, ss2) == ()
    assert [each.reason for each in told(ss2, BindingRemoved)] == [UnbindReason.UNREGISTERED] * 2
    # What else he has registered he registers again, when its time comes: so it is removed as well.
    (registration,) = bob.endpoint.registrations
    bob.do(registration.remove)
    net.run()
    nothing_left(net)


@pytest.mark.rfc("3665 2.5", "3261 10.3")
def test_an_unsuccessful_registration() -> None:
    """The server does not let him, and has nothing of him."""
    net, bob, ss2 = bob_and_ss2(by_hand=True)
    challenge = [("WWW-Authenticate", 'Digest realm="atlanta.example.com", nonce="f1cec4341ae6ca9c8e88df84be55a359"')]
    ss2.on(RegistrationRequested, lambda event: ss2.do(event.asked.reject, 401, headers=challenge))
    bob.do(bob.endpoint.register, BOB, "sip:ss2.biloxi.example.com")
    assert net.run() == ladder("""
        0.0  bob REGISTER--------> ss2
        0.0  bob <------------401- ss2
    """)
    (event,) = told(bob, RegistrationEnded)
    assert (event.reason, event.status) == (RegistrationEndReason.REFUSED, 401)
    assert ss2.endpoint.bound_addresses == []
    nothing_left(net)
