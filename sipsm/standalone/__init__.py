"""What lives outside of dialogs: publications, and the state that others publish here (RFC 3903)."""
