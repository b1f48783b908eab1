"""Parts of the production workers.

directory.py         where the worker's processes share their metrics; imported before anything else
environment.py       the variables: which must be set, and to what
server.py            the worker for LiveKit
resources.py         Azure's resources: several, and counted over the fleet
recording.py         the record of meetings, and the webhooks that tell of it
interpreter.py       the agent: it goes on when the first vendor does not
vendors.py           who hears, translates and speaks, and in which order
metrics.py           how each of them does, for Prometheus
resource_metrics.py  how Azure's resources do, for Prometheus
traces.py            where the time of an utterance goes, for OpenTelemetry
"""
