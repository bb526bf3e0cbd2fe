"""Draws ships on a server."""
