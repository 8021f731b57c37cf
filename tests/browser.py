"""JavaScript for tests: in Node, or in a Chromium without a window, whichever this machine has."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")


def node() -> str | None:
    return shutil.which("node")


def chromium() -> str | None:
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


def run(script: str, expression: str, folder: Path) -> Any:
    """What an expression, which has a form in JSON, comes to after a script. `folder` is for files of this."""
    if not node():
        with page("about:blank", folder) as opened:
            return opened.evaluate(f"{script}\n{expression}")
    file = folder / "script.js"
    file.write_text(f"{script}\nconsole.log(JSON.stringify({expression}));\n", encoding="utf-8")
    done = subprocess.run([str(node()), str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Page:
    """A page in a browser that is spoken to through pipes, in Chromium's DevTools protocol."""

    def __init__(self, to: Any, answers: Any) -> None:
        self.to, self.answers, self.calls, self.session = to, answers, 0, {}
        self.events: list[dict[str, Any]] = []  # what it said unasked, of domains that are enabled

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self.calls += 1
        self.to.write(
            json.dumps({"id": self.calls, "method": method, "params": params} | self.session).encode() + b"\0"
        )
        self.to.flush()
        while True:
            answer = json.loads(self._message())
            if "id" not in answer:
                self.events.append(answer)
            if answer.get("id") == self.calls:
                assert "error" not in answer, answer
                return answer["result"]

    def _message(self) -> bytes:
        message = bytearray()
        while (byte := self.answers.read(1)) != b"\0":
            assert byte, "the browser has ended"
            message += byte
        return bytes(message)

    def open(self, url: str) -> None:
        target = self.call("Target.createTarget", url=url)["targetId"]
        self.session = {"sessionId": self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        loaded = "new Promise(go => document.readyState === 'complete' ? go() : addEventListener('load', () => go()))"
        while self.evaluate("location.href") != url:  # still the page before
            pass
        self.evaluate(loaded)

    def watched(self, url: str) -> None:
        """Goes to another page, and keeps what it asks for and complains about in `events`."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=url)
        while self.evaluate("location.href + document.readyState") != f"{url}complete":
            pass

    def evaluate(self, script: str) -> Any:
        """What an expression, or the promise that it is, comes to."""
        done = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")


@contextmanager
def page(url: str, folder: Path) -> Iterator[Page]:
    """A page in a browser of its own, whose files go into `folder`; skips the test where there is none."""
    program = chromium()
    if program is None:
        pytest.skip(f"no browser to try the page in: none of {', '.join(CHROMIUM)} is installed")
    its_input, to = os.pipe()
    answers, its_output = os.pipe()
    command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]
    command += [f"--user-data-dir={folder}", "about:blank"]
    # The browser listens on file descriptor 3 and answers on 4. A shell puts the pipes there.
    places = f'exec "$0" "$@" 3<&{its_input} 4>&{its_output}'
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    browser = subprocess.Popen(["bash", "-c", places, *command], pass_fds=(its_input, its_output), **quiet)
    os.close(its_input)
    os.close(its_output)
    with os.fdopen(to, "wb") as writing, os.fdopen(answers, "rb") as reading:
        opened = Page(writing, reading)
        try:
            opened.open(url)
            yield opened
        finally:
            browser.kill()
            browser.wait()
