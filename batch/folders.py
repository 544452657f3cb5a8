"""Where scheduled runs keep their files."""

from __future__ import annotations

import os
import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
VARIABLE = "AEGIS_BATCH_FOLDER"
"""Names the folder; `.run/batch` of the checkout where it is not set."""


def batch_folder() -> Path:
    """The folder of all scheduled runs; may not exist yet."""
    return Path(os.environ.get(VARIABLE) or CHECKOUT / ".run" / "batch").absolute()


def report_folder() -> Path:
    """Where commands that a schedule starts put their reports: where the settings say, else beside the runs; may not exist yet."""
    return Path(os.environ.get("AEGIS_REPORT_DIR") or batch_folder() / "reports").absolute()


def run_folder(run: str) -> Path:
    """The folder of one run, made now: what was collected is for its owner alone."""
    folder = batch_folder() / "runs" / re.sub(r"[^\w+-]", "_", run)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
