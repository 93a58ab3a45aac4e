"""Subscriptions and REFER requests, of both sides: the things, all of them, and their events."""
