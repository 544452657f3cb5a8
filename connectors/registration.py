"""Registration: bring a connector to its definition, and wait until it runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from connectors.definition import Definition
from connectors.plan import Action, Step, plan
from connectors.rest import Connect, Status
from connectors.slot import PossibleLoss, Slot, possible_loss, stored_lsn

log = structlog.get_logger(__name__)

OLD_FAILURE_SECONDS = 8.0
"""How long Connect may go on to report a failure after the restart was asked for."""

SlotReader = Callable[[str], Slot | None]
"""Name of a slot → the slot, None where it does not exist."""


class NotRunning(Exception):
    """The connector or a task of it did not come to run within the deadline."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What registration did, and the state that it ended in."""

    step: Step
    status: Status


def loss(connect: Connect, definition: Definition, slot_of: SlotReader) -> str | None:
    """Why starting the connector could lose changes, and what to do; None where it cannot. The slot is read first: it only moves ahead."""
    name = definition.config["slot.name"]
    slot = slot_of(name)
    return possible_loss(definition.name, name, stored_lsn(connect.offsets(definition.name)), slot)


def refuse_loss(connect: Connect, definition: Definition, slot_of: SlotReader) -> None:
    """Raises PossibleLoss where starting the connector could lose changes."""
    reason = loss(connect, definition, slot_of)
    if reason:
        log.error("connect.refused", connector=definition.name, slot=definition.config["slot.name"], reason=reason)
        raise PossibleLoss(reason)


def forget_offset(connect: Connect, definition: Definition, deadline_seconds: float) -> None:
    """Stop the connector and forget its stored offset, so that its next start reads every row anew."""
    if connect.config(definition.name) is None:
        connect.create_stopped(definition.name, definition.config)
    _stop(connect, definition.name, deadline_seconds)
    connect.delete_offsets(definition.name)
    log.warning("connect.offset_forgotten", connector=definition.name)


def apply(connect: Connect, definition: Definition, slot_of: SlotReader, *, deadline_seconds: float = 60.0) -> Registered:
    """Register or update the connector, start it where it is paused or stopped, and wait until it runs. Idempotent.

    Raises PossibleLoss before anything is started or changed (a connector that was not registered is then registered, and stopped), and NotRunning when the
    deadline passes or what was started fails.
    """
    step = plan(definition, connect.config(definition.name))
    before = connect.status(definition.name)
    if step.action is Action.CREATE:
        # Offsets outlive a deleted connector, and can only be read of a registered one: so it is registered without being started.
        connect.create_stopped(definition.name, definition.config)
    refuse_loss(connect, definition, slot_of)
    if step.action is Action.UPDATE:
        # Stopped first: tasks of the old configuration go on for some seconds, and would be taken for the new ones.
        _stop(connect, definition.name, deadline_seconds)
        connect.put(definition.name, definition.config)
    if step.action is not Action.NONE:
        log.info("connect.applied", connector=definition.name, action=step.action, differing=step.differing)
    if step.action is not Action.NONE or (before is not None and before.state in {"PAUSED", "STOPPED"}):
        connect.resume(definition.name)
    elif before is not None and before.failures:
        connect.restart(definition.name, only_failed=True)
    return Registered(step, _await(connect, definition.name, lambda status: status.running, deadline_seconds, "RUNNING"))


def _stop(connect: Connect, name: str, deadline_seconds: float) -> None:
    connect.stop(name)
    _await(connect, name, lambda status: status.state == "STOPPED" and not status.tasks, deadline_seconds, "STOPPED")


def _await(connect: Connect, name: str, reached: Callable[[Status], bool], deadline_seconds: float, what: str) -> Status:
    """Waits for a state. What has failed stays so until somebody restarts it, so a failure ends the wait once it is no longer one of before."""
    started = failing = time.monotonic()
    status = connect.status(name)
    while status is None or not reached(status):
        now = time.monotonic()
        if status is None or not status.failures:
            failing = now
        if now - started > deadline_seconds or now - failing > OLD_FAILURE_SECONDS:
            found = "not registered" if status is None else f"{status.state}, tasks {[task.state for task in status.tasks]}; {'; '.join(status.failures)}"
            raise NotRunning(f"{name} is not {what} after {now - started:.0f} s: {found}; see make logs SERVICE=connect")
        time.sleep(0.1)
        status = connect.status(name)
    return status
