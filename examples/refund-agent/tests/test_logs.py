"""A line of the log holds what it may, and nothing else."""

import io
import json
import logging

from agent import logs


def line_of(**fields):
    """The line that an event with those fields leaves."""
    record = logging.LogRecord("agent", logging.WARNING, __file__, 1, "answered", None, None)
    record.__dict__.update(fields)
    return json.loads(logs.JsonLines().format(record))


def test_named_fields_are_written_and_others_are_not():
    line = line_of(status=200, token="secret-4711", question="why?")
    assert line.pop("at").endswith("+00:00")
    assert line == {"level": "warning", "event": "answered", "status": 200}


def test_an_error_is_named_and_its_message_kept_back():
    error = ValueError("password=secret-4711")
    assert line_of(exc_info=(ValueError, error, None))["error"] == "ValueError"
    assert "4711" not in json.dumps(line_of(exc_info=(ValueError, error, None)))


def test_setup_writes_one_line_for_each_event(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logs.setup()
    logs.setup()
    logs.LOGGER.info("ready", extra={"count": 3})
    logs.LOGGER.debug("not this")
    assert [json.loads(line)["count"] for line in stream.getvalue().splitlines()] == [3]
    assert not logs.LOGGER.propagate
