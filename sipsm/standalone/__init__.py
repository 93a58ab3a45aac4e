"""What lives outside of dialogs: publications, the state that others publish here (RFC 3903), and messages (RFC 3428)."""
