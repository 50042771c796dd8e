"""A headless Chromium, driven over chromedriver's HTTP interface (the W3C WebDriver protocol): no package is needed."""

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

PROGRAMS = ("chromium", "chromedriver")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]
ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element's reference, fixed by the protocol
KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "Tab": "\ue004"}
SECONDS = 300  # a busy machine takes long to start a browser


class Browser:
    """One window; a context manager that ends both programs."""

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{free.getsockname()[1]}"
        port = self.address.rpartition(":")[2]
        self.driver = subprocess.Popen(
            ["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            self.wait_until_ready()
            options = {"args": ARGUMENTS, "binary": shutil.which("chromium")}
            wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            session = self.request("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
            self.session = f"/session/{session['sessionId']}"
        except BaseException:
            self.driver.kill()
            raise
        return self

    def __exit__(self, *error):
        self.request("DELETE", self.session)
        self.driver.terminate()
        self.driver.wait()

    def wait_until_ready(self):
        for _ in range(10 * SECONDS):
            try:
                return self.request("GET", "/status")
            except OSError:
                time.sleep(0.1)
        raise TimeoutError("chromedriver does not answer")

    def request(self, method, path, content=None):
        """The answer's value; AssertionError with the driver's message for an error of the page or the script."""
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self.address + path, body, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"]) from None

    def open(self, path):
        self.request("POST", f"{self.session}/url", {"url": path.resolve().as_uri()})

    def run(self, script, *arguments):
        """What the body of a JavaScript function returns."""
        return self.request("POST", f"{self.session}/execute/sync", {"script": script, "args": arguments})

    def find(self, css):
        return self.request("POST", f"{self.session}/element", {"using": "css selector", "value": css})[ELEMENT]

    def click(self, css):
        self.request("POST", f"{self.session}/element/{self.find(css)}/click", {})

    def press(self, key, css=None):
        """A key of KEYS, at an element, or where the focus is."""
        active = self.request("GET", f"{self.session}/element/active")[ELEMENT]
        element = self.find(css) if css else active
        self.request("POST", f"{self.session}/element/{element}/value", {"text": KEYS[key]})

    def devtools(self, command, **parameters):
        """A command of Chromium's own protocol, for what WebDriver has no word: screen sizes, color schemes, media."""
        return self.request("POST", f"{self.session}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def show_as(self, *, width=1280, height=800, dark=False, media="screen"):
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.devtools("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def console_errors(self):
        """Since the last call."""
        log = self.request("POST", f"{self.session}/se/log", {"type": "browser"})
        return [entry["message"] for entry in log if entry["level"] in ("SEVERE", "WARNING")]

    def screenshot(self):
        """PNG of the visible part."""
        return base64.b64decode(self.request("GET", f"{self.session}/screenshot"))
