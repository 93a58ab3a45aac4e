"""Session descriptions (RFC 8866), and the exchange of offer and answer (RFC 3264)."""

from __future__ import annotations

from sipsm.sdp.agreement import agree
from sipsm.sdp.answering import answer, refuse_all
from sipsm.sdp.checking import Fault, check_answer, check_offer, faults_of_answer, faults_of_offer
from sipsm.sdp.codec import Codec
from sipsm.sdp.description import SessionDescription, Stream, as_bytes, as_description
from sipsm.sdp.fields import Attribute, Bandwidth, Connection, Origin, Repeat, Timing, ZoneAdjustment
from sipsm.sdp.media import Media
from sipsm.sdp.modifying import add_stream, change_stream, hold, move, remove_stream, resume
from sipsm.sdp.offer_answer import OfferAnswer, SdpArrived, has_sdp, sdp_of
from sipsm.sdp.section import Direction

__all__ = [
    "Attribute",
    "Bandwidth",
    "Codec",
    "Connection",
    "Direction",
    "Fault",
    "Media",
    "OfferAnswer",
    "Origin",
    "Repeat",
    "SdpArrived",
    "SessionDescription",
    "Stream",
    "Timing",
    "ZoneAdjustment",
    "add_stream",
    "agree",
    "answer",
    "as_bytes",
    "as_description",
    "change_stream",
    "check_answer",
    "check_offer",
    "faults_of_answer",
    "faults_of_offer",
    "has_sdp",
    "hold",
    "move",
    "refuse_all",
    "remove_stream",
    "resume",
    "sdp_of",
]
