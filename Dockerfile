# The worker of examples/resilient_agent.py; docs/operations.md tells what it needs around it.
#
#     docker build --tag interpreter .
#     docker run --env-file worker.env --publish 8081:8081 --publish 9464:9464 interpreter

FROM python:3.13-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /worker/venv
# The package is built here, and only what is installed is taken along.
COPY pyproject.toml README.md LICENSE ./
COPY livekit/ livekit/
COPY livekit_plugins_azure_interpreter/ livekit_plugins_azure_interpreter/
RUN /worker/venv/bin/python -m pip install --no-cache-dir --upgrade "pip>=25.1" \
    && /worker/venv/bin/python -m pip install --no-cache-dir --group examples .

# The same base: the Azure SDK needs the OpenSSL 3 and the CA certificates that it has, and nothing else.
FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --create-home worker
COPY --from=build /worker/venv /worker/venv
COPY examples/ /worker/examples/
# A number, so that Kubernetes can tell that it is not root (runAsNonRoot).
USER 10001
WORKDIR /home/worker
ENV PATH=/worker/venv/bin:$PATH PYTHONUNBUFFERED=1
EXPOSE 8081 9464
# 503, or no answer: the worker has given up to reach LiveKit, or hangs.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('HEALTH_PORT', '8081'), timeout=4)"]
# Python itself is process 1, so that it gets the SIGTERM on which it drains.
CMD ["python", "/worker/examples/resilient_agent.py", "start"]
