"""Structured logs: one JSON line per event on stdout, with the trace that it belongs to; coloured lines when somebody watches.

Logs carry ids and counts, never contents of rows. Lines of other libraries (faust, aiokafka, drivers) take the same form.
"""

from __future__ import annotations

import logging
import sys
from functools import partial
from typing import Any, TextIO

import orjson
import structlog
from opentelemetry import trace
from structlog.typing import EventDict, Processor, WrappedLogger

CHATTY = {
    "pymilvus": logging.CRITICAL,
    "httpx": logging.WARNING,
    "elastic_transport": logging.WARNING,
    "neo4j": logging.ERROR,
    "aiokafka": logging.WARNING,
    "pyrate_limiter": logging.WARNING,
    "apscheduler": logging.WARNING,
}
"""Loggers that write a line per request, or a traceback per failed call that the caller handles anyway."""


def quiet_drivers() -> None:
    """For commands that tell people themselves what a server said: no log lines of drivers beside it, and our own on stderr, apart from what is printed."""
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if not structlog.is_configured():
        structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def with_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """`event` with trace_id and span_id of the current span, in W3C's hexadecimal; as it is outside of a span."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = format(context.trace_id, "032x")
        event["span_id"] = format(context.span_id, "016x")
    return event


def _json(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode("utf-8", "replace")


def _renderer(stream: TextIO) -> list[Processor]:
    if stream.isatty():
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]  # plain: rich's shows local variables, which hold rows
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_json)]


def configure_logs(level: str, service: str, stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (stdout where None). `service` stands in each line. Raises ValueError for an unknown `level`."""
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"AEGIS_LOG_LEVEL is {level!r}: set it to DEBUG, INFO, WARNING, ERROR or CRITICAL")
    target = stream or sys.stdout
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        partial(_named, service),
        with_trace,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderer(target)]
        )
    )
    logging.basicConfig(level=number, handlers=[handler], force=True)
    for name, least in CHATTY.items():
        logging.getLogger(name).setLevel(max(number, least))
    logging.captureWarnings(capture=True)


def _named(service: str, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event.setdefault("service", service)
    return event
