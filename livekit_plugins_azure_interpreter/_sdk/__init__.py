"""Wraps the Azure SDK. Its threads copy events and post them; the event loop does the rest."""
