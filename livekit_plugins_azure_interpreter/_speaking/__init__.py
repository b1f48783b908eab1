"""Turns texts into audio frames."""
