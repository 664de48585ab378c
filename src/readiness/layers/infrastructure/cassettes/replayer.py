"""Replays: every request is answered by what was recorded for one that is the same, or not at all."""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from readiness.formats import matching
from readiness.formats.cassette import Answer, Body, Cassette, Exchange
from readiness.formats.codings import Undecodable
from readiness.formats.matching import Canonical, Tidy
from readiness.formats.redaction import Redactor, Secret
from readiness.layers.infrastructure.cassettes.recorder import call_of, lowered
from readiness.world.proxy.doors import Door
from readiness.world.proxy.wire import Answering, Asked, Pairs
from readiness.world.watched import ModelCall

MISSED: Final = 504


@dataclass(frozen=True, slots=True)
class Miss:
    """A request that was not recorded: what it was, the nearest that was, and in what it differs from that."""

    asked: str
    nearest: str
    difference: str

    @property
    def text(self) -> str:
        """The miss in one sentence."""
        if self.nearest:
            return f"{self.asked} was not recorded: unlike in {self.nearest}, {self.difference}"
        return f"{self.asked} was not recorded: {self.difference}"


class Replayer:
    """Answers from a cassette.

    `read` gives a body by its digest, `tidy` takes out of a text what a run's place is, `stand_ins` are what the demo is
    given for its secrets, by name.
    """

    def __init__(self, cassette: Cassette, read: Callable[[Body], bytes], tidy: Tidy, stand_ins: Mapping[str, str]) -> None:
        self._cassette = cassette
        self._read = read
        self._tidy = tidy
        # What stands for a secret now has taken its place in what was recorded.
        known = (Secret(name, stand_in, stand_in) for name, stand_in in stand_ins.items())
        self._redactor = Redactor(known, cassette.redact)
        self._lock = threading.Lock()
        self._recorded: list[Canonical] = []
        self._by_key: dict[str, list[Exchange]] = defaultdict(list)
        for item in cassette.exchanges:
            form = self._form(item.request.method, item.request.url, list(item.request.headers), read(item.request.body))
            self._recorded.append(form)
            self._by_key[form.key].append(item)
        self._asked: Counter[str] = Counter()
        self._calls: list[ModelCall] = []
        self.misses: list[Miss] = []
        self.pins: list[str] = []
        self.others: list[str] = []

    def _form(self, method: str, url: str, headers: Pairs, body: bytes) -> Canonical:
        return matching.canonical(method, url, headers, body, self._cassette.volatile, self._tidy)

    def handle(self, asked: Asked, door: Door | None, answering: Answering) -> None:
        """Answers with the k-th recording of the k-th request that is the same; 504 where there is none."""
        with self._lock:
            form = self._canonical(asked)
            found, why = self._found(form)
            call = call_of(asked.method, asked.url, asked.body, door)
            if call is not None:
                status = found.answer.status if found is not None and not found.error else None
                self._calls.append(ModelCall(call.endpoint, call.model, call.stream, status, 0))
            if found is None:
                self._miss(form, why)
        if found is None:
            message = f"readiness: {self.misses[-1].text}"
            body = json.dumps({"error": {"message": message, "type": "not_recorded"}}).encode()
            answering.whole(MISSED, body, extra=[("x-should-retry", "false")])
            return
        _play(found.answer, self._read(found.answer.body), asked, answering)

    def _canonical(self, asked: Asked) -> Canonical:
        """The request as it would have been recorded: what is secret in it is taken out in the same way."""
        cleaner = self._redactor
        headers, url = cleaner.headers(asked.headers), cleaner.url(asked.url)
        try:
            body, _ = cleaner.body(asked.body, lowered(asked.headers))
        except Undecodable:
            body = asked.body
        return self._form(asked.method, url, list(headers), body)

    def _found(self, form: Canonical) -> tuple[Exchange | None, str]:
        recordings = self._by_key.get(form.key, [])
        if not recordings:
            return None, ""
        turn = self._asked[form.key]
        self._asked[form.key] += 1
        if turn < len(recordings):
            return recordings[turn], ""
        if all(_same(item.answer, recordings[0].answer) for item in recordings):
            return recordings[-1], ""
        return None, f"it was answered {len(recordings)} times, differently, and is asked a {_ordinal(turn + 1)} time"

    def _miss(self, form: Canonical, why: str) -> None:
        if why:
            self.misses.append(Miss(form.shown, "", why))
            return
        index, difference = matching.nearest(form, self._recorded)
        if index < 0:
            self.misses.append(Miss(form.shown, "", "the cassette holds no request at all"))
            return
        shown = self._recorded[index].shown
        there = f" ({shown})" if shown != form.shown else ""
        self.misses.append(Miss(form.shown, f"request {index + 1}{there}", difference))

    def pinned(self, host: str) -> None:
        """Notes a host whose client does not believe our certificate."""
        self.pins.append(host)

    def unsupported(self, what: str) -> None:
        """Notes what could not have been recorded."""
        self.others.append(what)

    @property
    def calls(self) -> tuple[ModelCall, ...]:
        """The calls of models that were asked for."""
        return tuple(self._calls)


def _same(one: Answer, other: Answer) -> bool:
    """Whether two answers say the same, whatever the time and the id of each."""
    kinds = [lowered(answer.headers).get("content-type") for answer in (one, other)]
    return (one.status, one.body, one.cut, kinds[0]) == (other.status, other.body, other.cut, kinds[1])


def _play(answer: Answer, body: bytes, asked: Asked, answering: Answering) -> None:
    """Answers as it was answered: the same head, the same body in the same pieces, broken off where it broke off."""
    bodiless = asked.method == "HEAD" or answer.status in (204, 304)
    headers = [(name, value) for name, value in answer.headers if bodiless or answer.cut or name.lower() != "content-length"]
    if answer.framing == "length" and not bodiless and not answer.cut:
        headers.append(("Content-Length", str(len(body))))
    answering.start(answer.status, answer.reason, headers, answer.framing)
    at = 0
    for size in answer.chunks or (len(body),):
        if body[at : at + size] and not bodiless:
            answering.chunk(body[at : at + size])
        at += size
    if answer.cut:
        answering.cut()
        return
    answering.end(answer.trailers)


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
