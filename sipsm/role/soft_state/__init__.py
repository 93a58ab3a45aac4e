"""What is held for a time at a server, of both sides: registrations and publications, and their events."""
