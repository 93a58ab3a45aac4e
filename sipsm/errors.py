"""What can go wrong, and whose fault it is.

A timeout or a dead flow is not here: those are events of the network, and are returned as outputs.
"""

from __future__ import annotations


class SipError(Exception):
    """Anything that sipsm raises on purpose."""


class LocalProtocolError(SipError):
    """You asked for what the standard forbids. Nothing was changed and nothing was sent.

    `rfc` is the section that forbids it, such as `"3261 15"`, or empty where the rule is sipsm's own.
    """

    def __init__(self, what: str, *, rfc: str = "") -> None:
        super().__init__(f"{what} (RFC {rfc})" if rfc else what)
        self.what = what
        self.rfc = rfc

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_local, (type(self), self.what, self.rfc)


class RemoteProtocolError(SipError):
    """The peer broke a rule. Raised by parsing functions; an endpoint turns it into outputs.

    `status` is the response that the rule's breaker may be given (RFC 3261 21.4), `at` the offset of the
    offending byte, where one can be named: in a message's bytes, or in the text when it was read by itself.
    """

    def __init__(self, what: str, *, rfc: str = "", status: int = 400, at: int | None = None) -> None:
        where = "" if at is None else f" at byte {at}"
        super().__init__(f"{what}{where} (RFC {rfc})" if rfc else f"{what}{where}")
        self.what = what
        self.rfc = rfc
        self.status = status
        self.at = at

    def moved(self, by: int) -> RemoteProtocolError:
        """The same error of a text that stands so many bytes behind the beginning of what was read."""
        return RemoteProtocolError(self.what, rfc=self.rfc, status=self.status, at=by + (self.at or 0))

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_remote, (type(self), self.what, self.rfc, self.status, self.at)


class SnapshotError(SipError):
    """It is no snapshot, or a damaged one, or of a format that this sipsm does not read; or it could not be made."""


# Exceptions with keyword arguments do not survive copying and pickling unless told how.
def _rebuild_local(kind: type[LocalProtocolError], what: str, rfc: str) -> LocalProtocolError:
    return kind(what, rfc=rfc)


def _rebuild_remote(
    kind: type[RemoteProtocolError], what: str, rfc: str, status: int, at: int | None
) -> RemoteProtocolError:
    return kind(what, rfc=rfc, status=status, at=at)
