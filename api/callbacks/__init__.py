"""Where providers call back. They have no session: each request proves itself with a signature."""
