"""Calls, and what comes and goes outside them: the things, all of them, and their events."""
