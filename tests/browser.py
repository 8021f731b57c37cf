"""Browsers without a window, for tests, as far as this machine has them; Node, where it is there, for scripts alone.

Chromium is spoken to through pipes. Firefox can only be spoken to through a socket, with a library for that: here it is
handed a script with the page, and says what came of it by an address that it goes to.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
FIREFOX = ("firefox-esr", "firefox")
SECONDS = 300  # that Firefox may take; the machine may be busy
# A new profile asks nothing of its maker and shows nothing but the page.
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.auto": False,
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.server": "",
}


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


def said_in_firefox(html: str, script: str, folder: Path) -> str:
    """What a script's promise of a text came to in a page, opened as a file; skips where there is no Firefox."""
    program = next(filter(None, map(shutil.which, FIREFOX)), None)
    if program is None:  # which is no fault of the page, as where there is no Chromium
        pytest.skip(f"no second browser to try the page in: none of {', '.join(FIREFOX)} is installed")
    answers: Queue[str] = Queue()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()
            for answer in parse_qs(urlsplit(self.path).query).get("said", []):
                answers.put(answer)

        def log_message(self, *_: Any) -> None:
            pass

    profile, file = folder / "profile", folder / "index.html"
    profile.mkdir()
    written = (f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in PREFERENCES.items())
    (profile / "user.js").write_text("".join(written), encoding="utf-8")
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        # The page's own policy forbids requests, but not to leave it.
        go = f"location.href = 'http://127.0.0.1:{server.server_port}/?said=' + encodeURIComponent(said)"
        told = f"<script>addEventListener('load', async () => {{ const said = await ({script}); {go}; }});</script>"
        before, body, after = html.rpartition("</body>")
        file.write_text(before + told + body + after, encoding="utf-8")
        Thread(target=server.serve_forever, daemon=True).start()
        command = [program, "--headless", "--no-remote", "--profile", str(profile), file.as_uri()]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        browser = subprocess.Popen(command, env=os.environ | {"HOME": str(folder)}, **quiet)
        try:
            return answers.get(timeout=SECONDS)
        finally:
            browser.kill()
            browser.wait()
            server.shutdown()
