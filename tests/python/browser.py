"""A headless Chromium: a page is opened, looked at, clicked and typed on, and what it complains of is kept.

It is driven through the DevTools protocol over two pipes, so that nothing but the browser itself is needed.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

PROGRAM = "chromium-headless-shell"
PATIENCE = 60  # seconds, until a test gives up on something that should take a fraction of one


class Browser:
    """One headless Chromium with one page."""

    def __init__(self, width: int = 1280, height: int = 800) -> None:
        assert shutil.which(PROGRAM), f"{PROGRAM} is not installed: scripts/prepare test says how"
        here_to_it, self._to, self._from, it_to_here = (*os.pipe(), *os.pipe())
        command = (
            f"exec {PROGRAM} --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars "
            f"--remote-debugging-pipe 3<&{here_to_it} 4>&{it_to_here} 2>/dev/null"
        )
        self._process = subprocess.Popen(["bash", "-c", command], pass_fds=(here_to_it, it_to_here))
        os.close(here_to_it)
        os.close(it_to_here)
        self._number = 0
        self._rest = b""
        self._session: str | None = None
        self.complaints: list[str] = []  # errors and warnings of the page
        self.requests: list[str] = []  # what the page asked for, itself included
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.resize(width, height)

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._to)
        os.close(self._from)

    # --- the protocol

    def call(self, method: str, **parameters: Any) -> Any:
        """Calls a method of the protocol and gives its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._from], [], [], PATIENCE)
            assert ready, "the browser says nothing any more"
            read = os.read(self._from, 1 << 20)
            assert read, "the browser has ended"
            self._rest += read
        line, self._rest = self._rest.split(b"\0", 1)
        message: dict[str, Any] = json.loads(line)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, method: str, event: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            self.complaints.append(str(event["exceptionDetails"].get("exception", {}).get("description")))
        elif method == "Log.entryAdded" and event["entry"]["level"] in ("error", "warning"):
            self.complaints.append(event["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and event["type"] in ("error", "warning", "assert"):
            self.complaints.append(str(event["args"]))
        elif method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])

    # --- what a person does

    def resize(self, width: int, height: int) -> None:
        """Makes the window so large."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def set_dark(self, is_dark: bool) -> None:
        """What the system is set to."""
        value = "dark" if is_dark else "light"
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": value}])

    def open(self, page: Path) -> None:
        """Opens a file and waits until it says that it is ready."""
        self.call("Page.navigate", url=page.as_uri())
        self.wait_for(
            f"location.href === {json.dumps(page.as_uri())} && document.documentElement?.dataset.ready === 'yes'"
        )

    def evaluate(self, expression: str) -> Any:
        """The value of an expression on the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, (expression, answer["exceptionDetails"])
        return answer["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Waits until an expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.evaluate(condition):
            assert time.monotonic() < end, f"{condition} did not come about; the page says {self.complaints}"
            time.sleep(0.02)

    def text(self, identifier: str) -> str:
        """What an element says."""
        return str(self.evaluate(f"document.getElementById('{identifier}').textContent"))

    def click(self, selector: str) -> None:
        """Clicks in the middle of the element that a selector finds."""
        x, y = self.evaluate(
            f"(() => {{ const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        self.click_at(x, y)

    def click_at(self, x: float, y: float) -> None:
        """Clicks at a place of the window."""
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str, *, shift: bool = False) -> None:
        """Presses a key: "ArrowLeft", "l", " "."""
        text = {"text": key} if len(key) == 1 else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, modifiers=8 if shift else 0, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, modifiers=8 if shift else 0)

    def screenshot(self) -> bytes:
        """The window as it looks, as a PNG file."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def canvas(self, identifier: str) -> npt.NDArray[np.uint8]:
        """The pixels of a canvas: uint8 [height, width, 3]."""
        width, height, encoded = self.evaluate(
            f"(() => {{ const canvas = document.getElementById('{identifier}'), {{ width, height }} = canvas;"
            "const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });"
            "copy.drawImage(canvas, 0, 0);"
            "const bytes = copy.getImageData(0, 0, width, height).data;"
            "let text = ''; for (let at = 0; at < bytes.length; at += 8192)"
            "  text += String.fromCharCode(...bytes.subarray(at, at + 8192));"
            "return [width, height, btoa(text)]; })()"
        )
        pixels = np.frombuffer(base64.b64decode(encoded), np.uint8)
        return pixels.reshape(height, width, 4)[..., :3]
