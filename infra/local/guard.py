"""Brings the stack back when its supervisor was killed.

The supervisor runs this as one of its processes, so each restarts the other: killed, the guard is started again by the supervisor; orphaned, it knows that
the supervisor is gone and runs `up`, which ends what the supervisor left behind and starts all anew. A wanted stop ends the guard first.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

_POLL_SECONDS = 0.5
_UNWANTED = "AEGIS_STACK_HOME"
"""Marks the processes of the stack; `up` must not be taken for one of those that it ends."""


def main(log: str, *options: str) -> None:
    """Wait until the parent process is another one, then run `up` with these options, its output in a file: the pipe to the supervisor ended with it."""
    supervisor = os.getppid()
    while os.getppid() == supervisor:
        time.sleep(_POLL_SECONDS)
    environment = {name: value for name, value in os.environ.items() if name != _UNWANTED and not name.startswith("SUPERVISOR_")}
    command = [sys.executable, "-m", "infra.local", "up", *options]
    with Path(log).open("a", encoding="utf-8") as output:
        output.write(f"{datetime.now(UTC):%F %T} UTC: the supervisor is gone, starting the stack again\n")
        output.flush()
        subprocess.Popen(command, start_new_session=True, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)


if __name__ == "__main__":
    main(*sys.argv[1:])
