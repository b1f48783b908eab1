"""Parts of the production worker.

directory.py    where the worker's processes share their metrics; imported before anything else
environment.py  which variables must be set
interpreter.py  the agent: it goes on when the first vendor does not
vendors.py      who hears, translates and speaks, and in which order
metrics.py      how each of them does, for Prometheus
traces.py       where the time of an utterance goes, for OpenTelemetry
"""
