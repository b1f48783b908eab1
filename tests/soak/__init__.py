"""Long runs: an hour through one stream, and a thousand sessions in one process (`nox -s soak`)."""
