"""Both long runs.

python -m soak [--minutes 60] [--speed 2] [--sessions 1000]
"""

from __future__ import annotations

import argparse
import sys

from . import hour, sessions


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m soak", description="Both long runs.")
    parser.add_argument("--minutes", default="60", help="of audio through one stream")
    parser.add_argument("--speed", default="2", help="a multiple of the pace of speech")
    parser.add_argument("--sessions", default="1000", help="opened and closed in one process")
    options = parser.parse_args()
    broken = hour.main(["--minutes", options.minutes, "--speed", options.speed])
    return broken | sessions.main(["--sessions", options.sessions])


if __name__ == "__main__":
    sys.exit(main())
