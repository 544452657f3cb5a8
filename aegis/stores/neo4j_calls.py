"""Calls of Neo4j's driver, each with an end: the driver itself waits for a lost reply as long as the server once told it to (two minutes)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Any, TypeVar

from neo4j import Driver, GraphDatabase, ManagedTransaction, Session, unit_of_work

from aegis.errors import Code, StoreUnavailable
from aegis.stores.neo4j_errors import translated

RETRY_SHARE = 0.5
"""Part of the timeout in which the driver repeats a transaction that lost a deadlock; after that the stream app's own backoff takes over."""
GRACE = 0.5
"""Seconds beyond the timeout for the server to say itself that it gave up, which leaves the connection usable."""

T = TypeVar("T")


class Neo4jCalls:
    """Runs work in sessions. A call that does not end in time is left to its thread, with its driver, and the next call connects anew.

    That the server may still do what was abandoned is no harm: writes carry stamps.
    """

    def __init__(self, uri: str, user: str, password: str, *, timeout: float, database: str) -> None:
        """`timeout`: seconds for connecting, for waiting for a connection, and for one call. Connects at the first call."""
        # It warns of every transaction that it repeats, over several lines; what cannot be repeated is raised.
        logging.getLogger("neo4j").setLevel(logging.ERROR)
        self.timeout = timeout
        self._open: Callable[[], Driver] = lambda: GraphDatabase.driver(
            uri,
            auth=(user, password),
            connection_timeout=timeout,
            connection_write_timeout=timeout,
            connection_acquisition_timeout=timeout,
            max_transaction_retry_time=timeout * RETRY_SHARE,
            notifications_min_severity="OFF",
            telemetry_disabled=True,
        )
        self._database = database
        self._lock = Lock()
        self._driver: Driver | None = None

    def run(self, work: Callable[[Session], T]) -> T:
        """What `work` returns. Raises `StoreUnavailable` when the server cannot answer, or not in time; other errors of the driver pass."""
        driver, answer = self._current(), Future[T]()
        Thread(target=self._answer, args=(driver, work, answer), name="neo4j", daemon=True).start()
        try:
            with translated():
                return answer.result(self.timeout + GRACE)
        except TimeoutError as error:
            self._abandon(driver, answer)
            raise StoreUnavailable(Code.NEO4J_SYNC_FAILED, f"Neo4j did not answer within {self.timeout:.0f} s; see `aegis status`") from error

    def read(self, text: str, **parameters: Any) -> list[dict[str, Any]]:
        """Rows of a statement that writes nothing, in one transaction."""

        def work(transaction: ManagedTransaction) -> list[dict[str, Any]]:
            return transaction.run(text, parameters).data()

        return self.run(lambda session: session.execute_read(unit_of_work(timeout=self.timeout)(work)))

    def write(self, work: Callable[[ManagedTransaction], T]) -> T:
        """What `work` returns, in one transaction; it is done again where it lost a deadlock."""
        return self.run(lambda session: session.execute_write(unit_of_work(timeout=self.timeout)(work)))

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    def _current(self) -> Driver:
        with self._lock:
            if self._driver is None:
                self._driver = self._open()
            return self._driver

    def _answer(self, driver: Driver, work: Callable[[Session], T], answer: Future[T]) -> None:
        try:
            with driver.session(database=self._database) as session:
                answer.set_result(work(session))
        except BaseException as error:  # noqa: BLE001  it is raised where the answer is awaited
            answer.set_exception(error)

    def _abandon(self, driver: Driver, answer: Future[T]) -> None:
        with self._lock:
            if self._driver is driver:
                self._driver = None
        answer.add_done_callback(lambda _: driver.close())
