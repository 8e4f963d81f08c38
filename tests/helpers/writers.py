"""Writers: threads that save one scene, or part of one, after the other, and keep a ledger."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

from tests.helpers.ledger import (
    PadLedger,
    PartsLedger,
    PicturesLedger,
    Scene,
    digest_of,
    picture_of,
)

#: Seconds that a writer waits for an answer; fewer where what is frozen may answer too late.
PATIENCE, LITTLE_PATIENCE = 60.0, 5.0
#: Seconds between two saves, and before the next one after a failure.
PAUSE, PAUSE_AFTER_FAILURE = 0.01, 0.1
#: Seconds without a failure that make a writer believe that it is served again.
QUIET = 1.0
#: Saves after which a writer goes to the other instance, so that every worker gets some.
SAVES_ON_A_LINE = 20

#: How a save may fail without an answer: none came in time, the connection was closed before it
#: came, or none was made.
TIME_OUT, CUT_OFF, REFUSED = "time-out", "cut off", "refused"
#: An answer had begun, and did not come to its end: a takeout's, when PostgreSQL is not there.
BROKEN_OFF = "broken off"


@dataclass(frozen=True)
class Answer:
    """What a service has answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass
class Seen:
    """What a writer has met since a fault was begun."""

    failures: dict[str, int] = field(default_factory=dict)
    bad_answers: list[str] = field(default_factory=list)
    longest_gap: float = 0.0
    acknowledged: int = 0

    def count(self, failure: str) -> None:
        """Count a save that was not acknowledged."""
        self.failures[failure] = self.failures.get(failure, 0) + 1


class Line:
    """A connection to one instance of the service, made anew where it broke."""

    def __init__(self, url: str, cookie: str):
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port)
        self.patience = PATIENCE
        self._headers = {"Cookie": f"session_id={cookie}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, content: object, **headers: str) -> Answer:
        """Send a request with JSON or bytes. Raises OSError or HTTPException without an answer."""
        body = content if isinstance(content, bytes) else json.dumps(content)
        self._connection.timeout = self.patience
        if self._connection.sock:
            self._connection.sock.settimeout(self.patience)
        try:
            self._connection.request(method, path, body, self._headers | headers)
            response = self._connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def close(self) -> None:
        """Hang up; the next request connects again."""
        self._connection.close()


class Writer(threading.Thread):
    """Saves its own pad until told to stop, at one instance and then at the other."""

    def __init__(self, ledger: PadLedger, cookie: str, urls: tuple[str, ...]):
        super().__init__(name=ledger.name, daemon=True)
        self.ledger = ledger
        self._lines = [Line(url, cookie) for url in urls]
        random.shuffle(self._lines)
        self._stop_it = threading.Event()
        self._last = time.monotonic()
        self.seen = Seen()
        self.last_failure = 0.0
        self._served_since = dict.fromkeys(self._lines, 0.0)
        self.path = self._make_pad()

    def _make_pad(self) -> str:
        body = {"display_name": self.name, "data": self.ledger.content(0)}
        answer = self._lines[0].ask("POST", "/api/pad", body)
        assert answer.status == HTTPStatus.CREATED, answer
        return f"/api/pad/{json.loads(answer.body)['id']}"

    @property
    def pad_id(self) -> str:
        """The id of its pad."""
        return self.path.rpartition("/")[2]

    def is_served(self, since: float) -> bool:
        """Whether every instance has saved since then, and for a moment nothing has failed."""
        served = min(self._served_since.values()) > since
        return served and self.last_failure < time.monotonic() - QUIET

    def forget(self) -> Seen:
        """Start counting again; what was counted so far."""
        seen, self.seen = self.seen, Seen()
        return seen

    def be_patient(self, seconds: float) -> None:
        """Wait so long for an answer, from the next request on."""
        for line in self._lines:
            line.patience = seconds

    def gap(self) -> float:
        """The longest time without an acknowledged save since `forget`, until now."""
        return max(self.seen.longest_gap, time.monotonic() - self._last)

    def stop(self) -> None:
        """Save no more, once the running save has ended."""
        self._stop_it.set()
        self.join()
        for line in self._lines:
            line.close()

    def run(self) -> None:
        """Save, again and again; at another instance after a failure, and now and then."""
        while not self._stop_it.is_set():
            saved = self._save()
            if not saved:
                self.last_failure = time.monotonic()
            if not saved or self.ledger.sent % SAVES_ON_A_LINE == 0:
                self._lines[0].close()
                self._lines.reverse()
            self._stop_it.wait(PAUSE if saved else PAUSE_AFTER_FAILURE)

    def _save(self) -> bool:
        number = self.ledger.begin()
        condition = {"If-Match": f'"{self.ledger.basis}"'} if self.ledger.careful else {}
        in_parts = isinstance(self.ledger, PartsLedger)
        method, path = ("PATCH", f"{self.path}/data") if in_parts else ("POST", self.path)
        ask, content = self._lines[0].ask, self._content(number)
        answer = self._answer(partial(ask, method, path, content, **condition))
        return answer is not None and self._note(answer, number)

    def _answer(self, ask: Callable[[], Answer]) -> Answer | None:
        """What is answered; None if nothing is, which is counted."""
        try:
            return ask()
        except TimeoutError:
            self.seen.count(TIME_OUT)
        except ConnectionRefusedError:
            self.seen.count(REFUSED)
        except http.client.IncompleteRead:
            self.seen.count(BROKEN_OFF)
        except (OSError, http.client.HTTPException):
            self.seen.count(CUT_OFF)
        return None

    def _content(self, number: int) -> Scene:
        return self.ledger.content(number)

    def _note(self, answer: Answer, number: int) -> bool:
        """Write an answer into the ledger; whether the save was acknowledged."""
        if answer.status == HTTPStatus.OK:
            version = json.loads(answer.body)["version"]
            self.ledger.acknowledge(number, version, answer.headers["ETag"])
            self._served()
            return True
        if answer.status == HTTPStatus.PRECONDITION_FAILED and self.ledger.careful:
            self.seen.count(str(answer.status))
            self.ledger.overtaken(number, json.loads(answer.body)["version"])
        else:
            self._refused(answer, HTTPStatus.SERVICE_UNAVAILABLE)
        return False

    def _refused(self, answer: Answer, *allowed: HTTPStatus) -> None:
        self.seen.count(str(answer.status))
        if answer.status not in allowed or "Retry-After" not in answer.headers:
            self.seen.bad_answers.append(f"{answer.status} {answer.body[:200]!r}")

    def _served(self) -> None:
        now = time.monotonic()
        self.seen.acknowledged += 1
        self.seen.longest_gap = max(self.seen.longest_gap, now - self._last)
        self._last = self._served_since[self._lines[0]] = now


class PicturesWriter(Writer):
    """Saves scenes with pictures, and looks at them whenever there are others.

    `by_address`, it sends no picture that it has seen in its pad, but the address.
    """

    def __init__(
        self,
        ledger: PicturesLedger,
        cookie: str,
        urls: tuple[str, ...],
        *,
        by_address: bool,
    ):
        self._by_address = by_address
        self._addresses: dict[str, str] = {}
        self.got = self.sent_by_address = 0  # pictures
        super().__init__(ledger, cookie, urls)

    def _content(self, number: int) -> Scene:
        content = super()._content(number)
        for file in content["files"].values() if self._by_address else ():
            if address := self._addresses.get(digest_of(file["dataURL"])):
                del file["dataURL"]
                file["picture"] = address
                self.sent_by_address += 1
        return content

    def _note(self, answer: Answer, number: int) -> bool:
        noted = super()._note(answer, number)
        files = self.ledger.content(number)["files"].values()
        if noted and {digest_of(file["dataURL"]) for file in files} != set(self._addresses):
            with suppress(OSError, http.client.HTTPException):  # the next save is soon
                self._look()
        return noted

    def _look(self) -> None:
        """Get all pictures of the pad from their addresses."""
        pad = self._get(f"{self.path}?pictures=false")
        files = json.loads(pad)["data"]["files"].values() if pad else ()
        self._addresses = {file["picture"].rpartition("/")[2]: file["picture"] for file in files}
        for digest, address in self._addresses.items():
            found = self._get(address)
            if found is not None and digest_of(picture_of(found)) != digest:
                self.seen.bad_answers.append(f"{address} with another picture")
            self.got += found is not None

    def _get(self, path: str) -> bytes | None:
        """What is there; None if the service is away."""
        answer = self._lines[0].ask("GET", path, None)
        if answer.status == HTTPStatus.OK:
            return answer.body
        if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
            self.seen.bad_answers.append(f"{answer.status} {answer.body[:200]!r} for {path}")
        return None
