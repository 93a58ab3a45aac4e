"""Dialogs (RFC 3261 12)."""

from __future__ import annotations

from sipsm.dialog.dialog import Dialog, as_request_uri, as_uac, as_uas, request_uri_and_routes

__all__ = ["Dialog", "as_request_uri", "as_uac", "as_uas", "request_uri_and_routes"]
