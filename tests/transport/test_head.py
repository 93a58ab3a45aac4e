"""The limits of a message that has come in one piece (`sipsm.transport.head`)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.errors import RemoteProtocolError
from sipsm.transport import MessageLimits
from sipsm.transport.head import check_whole

MOST = 40
LIMITS = st.builds(
    MessageLimits,
    start_line_bytes=st.integers(1, MOST),
    header_line_bytes=st.integers(1, MOST),
    headers=st.integers(1, MOST),
    head_bytes=st.integers(1, MOST),
    body_bytes=st.integers(0, MOST),
    unparsed_bytes=st.integers(1, MOST),
)


@given(LIMITS, st.text("a:\r\n ", max_size=MOST).map(str.encode))
def test_a_harmless_message_is_over_no_limit(limits: MessageLimits, data: bytes) -> None:
    """Up to that length nothing has to be counted: whatever the bytes are, no limit is reached."""
    check_whole(data[: limits.harmless_bytes], limits)


def test_no_longer_message_is_harmless() -> None:
    """With the shortest headers that there are, a message that is longer by one header is refused."""
    limits = MessageLimits(headers=3)
    assert limits.harmless_bytes == 6
    check_whole(b"s\na\na\na\n", limits)
    with pytest.raises(RemoteProtocolError, match="more than 3 headers"):
        check_whole(b"s\na\na\na\na\n", limits)
