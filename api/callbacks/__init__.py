"""Where providers call back. They have no session: each request proves itself by a signature or a token."""
