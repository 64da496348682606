"""Connects accounts of the Playground as browsers would, without one: over HTTP, with the cookies they would carry."""

import concurrent.futures
import http.client
import json
import pathlib
import re
import time
import urllib.parse

SCOPES = ["profile", "posts:write", "media:write", "posts:read", "metrics:read"]


class Failed(Exception):
    """An answer that is not the one due."""


def ask(method, url, headers=None, body=None):
    """One request, without following redirects: status, headers and text of its answer."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=120)
    try:
        connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def due(status, answer):
    if answer[0] != status:
        raise Failed(f"{answer[0]} instead of {status}: {answer[2][:300]}")
    return answer


def cookie(headers):
    return headers["set-cookie"].split(";")[0]


class Connects:
    """A person with a key, signed in at the Playground as one of its accounts."""

    def __init__(self, crier, workspace, key):
        self.crier = crier
        self.attempts = f"{crier.url}/api/v1/workspaces/{workspace}/attempts"
        self.key = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        self.signed_in = [self._sign_in(account) for account in ("1", "2")]

    def _fill(self, path, form, headers):
        headers = {"content-type": "application/x-www-form-urlencoded", "origin": self.crier.playground, **headers}
        return due(303, ask("POST", f"{self.crier.playground}{path}", headers, urllib.parse.urlencode(form)))[1]

    def _sign_in(self, account):
        return cookie(self._fill("/sign-in/demo", [("account", account), ("return_to", "/")], {}))

    def start(self, _=None):
        """An attempt: its id, where it sends people, and the cookie of the browser that leaves."""
        _, headers, text = due(201, ask("POST", self.attempts, self.key, json.dumps({"network": "playground"})))
        attempt = json.loads(text)
        return attempt["id"], attempt["authorize_url"], cookie(headers)

    def allow(self, attempt, account=0):
        """Says yes at the network; the address it sends the browser back to."""
        signed_in = {"cookie": self.signed_in[account]}
        page = due(200, ask("GET", attempt[1], signed_in))[2]
        ticket = re.search(r'name="ticket" value="([^"]+)"', page)[1]
        form = [("ticket", ticket), ("decision", "allow"), *(("scope", scope) for scope in SCOPES)]
        return self._fill("/oauth/authorize", form, signed_in)["location"]

    def come_back(self, attempt, address):
        """The return, as the browser that left; must land on the attempt's page."""
        to = due(303, ask("GET", address, {"cookie": attempt[2]}))[1]["location"]
        if to != f"/connect/{attempt[0]}":
            raise Failed(f"landed on {to.split('#')[0]} instead of /connect/{attempt[0]}")

    def state(self, attempt):
        return json.loads(due(200, ask("GET", f"{self.attempts}/{attempt[0]}", self.key))[2])["state"]

    def one_after_another(self, count):
        for n in range(count):
            attempt = self.start()
            self.come_back(attempt, self.allow(attempt, n % 2))

    def at_once(self, count, seconds):
        """That many in flight at the same moment: the network takes `seconds` over each token request. How many ended connected, and the
        seconds from the first return to the last landing."""
        fault = {"id": "slow", "kind": "delay", "ms": int(seconds * 1000), "endpoints": ["token"]}
        with concurrent.futures.ThreadPoolExecutor(8) as few:
            attempts = list(few.map(self.start, range(count)))
            addresses = list(few.map(self.allow, attempts))
        due(200, ask("POST", f"{self.crier.playground}/faults.json", {"content-type": "application/json"}, json.dumps(fault)))
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(count) as many:
            list(many.map(self.come_back, attempts, addresses))
        took = time.monotonic() - began
        due(200, ask("DELETE", f"{self.crier.playground}/faults.json"))
        with concurrent.futures.ThreadPoolExecutor(8) as few:
            states = list(few.map(self.state, attempts))
        return sum(state == "connected" for state in states), took


def our_shares(log):
    """What the server's log (as JSON) says of returns: milliseconds without the time that the network took, in order."""
    lines = (json.loads(line) for line in pathlib.Path(log).read_text().splitlines() if '"came back"' in line)
    return [line["ours_ms"] for line in lines]
