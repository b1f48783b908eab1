"""Where the processes of a worker put their metrics, so that its one endpoint shows all of them.

A worker runs each job in a process of its own. The library that LiveKit uses, prometheus_client, decides
as it is imported whether metrics are kept in memory, where no other process sees them, or in files that
all share. So import this before `livekit.agents`. (`AgentServer(prometheus_multiproc_dir=)` comes too late
for what the worker's own process tells: its load and its number of jobs would be missing.)
"""

import atexit
import os
import shutil
import tempfile

if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    # The job processes inherit the variable, and so find the same place. LiveKit empties it at the start.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="worker-metrics-")
    atexit.register(shutil.rmtree, os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
