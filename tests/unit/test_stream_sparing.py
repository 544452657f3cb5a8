from __future__ import annotations

import logging

from stream_apps.sparing import PAUSE_SECONDS, Sparing


def record(name: str, text: str) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, __file__, 1, text, (), None)


def test_a_repeated_message_is_logged_once_in_a_while_and_others_always() -> None:
    now = [0.0]
    sparing = Sparing("aiokafka", lambda: now[0])
    heard = []
    lines = [("aiokafka", "no broker"), ("aiokafka.consumer", "no broker"), ("aiokafkas", "x"), ("stream_apps", "x")]
    for now[0] in (0.0, 1.0, 2.0, PAUSE_SECONDS, PAUSE_SECONDS + 1):
        heard.append([sparing.filter(record(*one)) for one in lines])
    once = [[True, True, True, True], [False, False, True, True], [False, False, True, True]]
    assert heard == [*once, *once[:2]]
