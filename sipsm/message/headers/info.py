"""Info packages: which ones an element takes within a call, and which one an INFO is of (RFC 6086 4, 5, 7 and 9)."""

from __future__ import annotations

from sipsm.message.headers.field import Listed, Single
from sipsm.message.headers.with_params import WithParams


class InfoPackage(WithParams):
    """A kind of information that INFO requests carry (RFC 6086 7.2)."""

    __slots__ = ()

    # Info-package-type = Info-package-name *( SEMI Info-package-param ), Info-package-name = token
    what = "Info Package"
    rfc = "6086 9.2"
    case_matters = True

    @property
    def name(self) -> str:
        """The name of the package, case and all."""
        return self._value

    def matches(self, other: InfoPackage) -> bool:
        """Whether an INFO of one is for an element that takes the other (RFC 6086 7.2)."""
        # "the Info Package name is case sensitive.  Info-package-param is not part of the comparison-checking
        # algorithm." (RFC 6086 7.2)
        return self._value == other._value


INFO_PACKAGE = Single("Info-Package", InfoPackage.parse, rfc="6086 7.2")
# Recv-Info = "Recv-Info" HCOLON [Info-package-list]
# A line that is empty says that no package is taken; a message without the line, that its sender knows of none: only
# `message.has` tells the one from the other (RFC 6086 5.2.2).
RECV_INFO = Listed("Recv-Info", InfoPackage.parse, may_be_empty=True, joined=True, rfc="6086 7.3")
