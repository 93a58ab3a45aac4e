"""Session descriptions, and the exchange of offer and answer (RFC 3264)."""

from __future__ import annotations

from sipsm.sdp.offer_answer import OfferAnswerUac, OfferAnswerUas, SdpArrived, has_sdp
from sipsm.sdp.refusal import refuse_all

__all__ = ["OfferAnswerUac", "OfferAnswerUas", "SdpArrived", "has_sdp", "refuse_all"]
