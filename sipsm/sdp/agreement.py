"""Which formats of an offered stream we have as well, and what is then said of them (RFC 3264 6.1, RFC 8866 6.15)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from attrs import evolve

from sipsm.sdp.codec import Codec
from sipsm.sdp.media import Media

Agree = Callable[[Codec, Codec], Codec | None]
"""Of a codec that is offered and one of ours of the same encoding: the one to answer with, or None."""

# "In many cases, those parameters describe specific configurations of the media format, and should therefore be
# processed as the media format value itself would be." (RFC 3264 6.1)  For each encoding these parameters, and what
# each is when it is not there.
_AMR = {"octet-align": "0", "crc": "0", "robust-sorting": "0"}
_CONFIGURATION = {
    "amr": _AMR,
    "amr-wb": _AMR,
    "av1": {"profile": "0"},
    "g7221": {"bitrate": ""},
    "h264": {"packetization-mode": "0", "profile-level-id": "420010"},
    "h265": {"profile-id": "1"},
    "vp9": {"profile-id": "0"},
}

# Formats that are of use beside others only, so that having them in common is not enough.
_BESIDE_OTHERS = frozenset({"cn", "telephone-event", "tone", "rtx", "red", "ulpfec", "flexfec", "flexfec-03"})


class Chosen(NamedTuple):
    """A format of the answer."""

    format: str
    """What it is called in the offer, and so in the answer."""
    ours: str
    """What it is called in our description."""
    codec: Codec | None
    """The codec to describe, where the stream is of RTP."""


def agree(offered: Codec, ours: Codec) -> Codec | None:
    """The codec to answer with: the offer's number and our parameters, or None where they configure something else.

    The offer's are the parameters of an encoding that is about others: of retransmission and redundancy.
    """
    name = offered.name.lower()
    for param, default in _CONFIGURATION.get(name, {}).items():
        one, other = (codec.params.get(param, default).lower() for codec in (offered, ours))
        if param == "profile-level-id":
            # The last two digits are the level, which each side may choose for what it receives.
            one, other = one[:4], other[:4]
        if one != other:
            return None
    return evolve(offered, fmtp=offered.fmtp if name in ("rtx", "red") else ours.fmtp)


class Capability:
    """A stream of ours, ready to be compared with many that are offered."""

    def __init__(self, media: Media) -> None:
        self.media = media
        self._ours: dict[object, list[tuple[int, str, Codec | None]]] = {}
        for place, (text, codec) in enumerate(_described(media)):
            key = codec.key if codec else text.lower()
            self._ours.setdefault(key, []).append((place, text, codec))

    def fits(self, offered: Media) -> bool:
        """Whether it is of the offered type and transport."""
        ours = self.media
        return (ours.type.lower(), ours.proto.lower()) == (offered.type.lower(), offered.proto.lower())

    def common(self, offered: Media, agree: Agree, *, prefer_ours: bool) -> list[Chosen]:
        """The formats that the offered stream and this one have, in the order of one of them; none without a real one."""
        found: dict[str, tuple[int, Chosen]] = {}
        theirs = _described(offered)
        for text, codec in theirs:
            for place, our_text, ours in self._ours.get(codec.key if codec else text.lower(), ()):
                chosen = None if codec is None or ours is None else agree(codec, ours)
                if text not in found and (chosen is not None or codec is None):
                    found[text] = place, Chosen(text, our_text, chosen)
        _drop_orphans(found)
        if all(_is_beside(chosen.codec) for _, chosen in found.values()) and not all(_is_beside(c) for _, c in theirs):
            return []
        # "it is RECOMMENDED that unless there is a specific reason, the answerer list formats in the same relative order
        # they were present in the offer." (RFC 3264 6.1)
        pairs = sorted(found.values(), key=lambda pair: pair[0]) if prefer_ours else found.values()
        return [chosen for _, chosen in pairs]


def _described(media: Media) -> list[tuple[str, Codec | None]]:
    """The formats that can be compared: of RTP, those that somebody explains."""
    if media.is_rtp:
        return [(text, codec) for text, codec in zip(media.formats, media.codecs, strict=True) if codec is not None]
    return [(text, None) for text in media.formats]


def _is_beside(codec: Codec | None) -> bool:
    return codec is not None and codec.name.lower() in _BESIDE_OTHERS


def _drop_orphans(found: dict[str, tuple[int, Chosen]]) -> None:
    """Leave out what repeats or protects formats that are not there: a=fmtp:98 apt=97, a=fmtp:63 111/111."""
    for text, (_, chosen) in list(found.items()):
        codec = chosen.codec
        if codec is not None and codec.name.lower() in ("rtx", "red") and codec.fmtp:
            about = [codec.params["apt"]] if "apt" in codec.params else codec.fmtp.partition(";")[0].split("/")
            if not all(each.strip() in found for each in about):
                del found[text]
