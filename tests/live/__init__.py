"""What the real service does: it is spoken to through the pair, and what passes is recorded.

    python -m live [RECORDING] [--to fr] [--out live]

`proxy` stands between the Azure SDK and the service, `recording` keeps what passes, `kept` leaves out
what nobody else may see, `interpreted` is the pair, `observations` finds in a recording what is not
known of the service, and `unknowns` says what each answer means, and which tests cover it.
"""
