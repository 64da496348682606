"""Connects accounts of the Playground as browsers would, without one: over HTTP, with the cookies they would carry."""

import collections
import concurrent.futures
import http.client
import json
import re
import time
import urllib.parse

SCOPES = ["profile", "posts:write", "media:write", "posts:read", "metrics:read"]


# An attempt that is worked on, and the most seconds that may take.
AT_WORK = {"returned", "exchanging", "identified"}
LONGEST = 60
# The seconds from the permission to the return.
QUIET = 0.1


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

    def end(self, attempt):
        """How it stands: its state, with the code of what went wrong."""
        shown = json.loads(due(200, ask("GET", f"{self.attempts}/{attempt[0]}", self.key))[2])
        return shown["state"] if shown["diagnosis"] is None else f"{shown['state']}: {shown['diagnosis']['code']}"

    def one_after_another(self, count):
        """Our share of each return, in milliseconds: what the browser waited, without what the network says it took over its answers."""
        waited = []
        for n in range(count):
            attempt = self.start()
            address = self.allow(attempt, n % 2)
            # What the connect before this one left to do behind it, as fetching the account's picture, is done first.
            time.sleep(QUIET)
            began = time.monotonic()
            self.come_back(attempt, address)
            waited.append((time.monotonic() - began) * 1000)
        tokens, profiles = (self._network_took(endpoint) for endpoint in ("token", "me"))
        if not len(tokens) == len(profiles) == count:
            raise Failed(f"{count} returns made {len(tokens)} token requests and {len(profiles)} profile calls")
        return [whole - token - profile for whole, token, profile in zip(waited, tokens, profiles, strict=True)]

    def _network_took(self, endpoint):
        entries = json.loads(due(200, ask("GET", f"{self.crier.playground}/log.json?endpoint={endpoint}"))[2])["entries"]
        return [entry["took_ms"] for entry in entries]

    def at_once(self, count, seconds):
        """That many in flight at the same moment: the network takes `seconds` over each token request. How many stand in which way
        afterwards, and the seconds from the first return to the last landing."""
        fault = {"id": "slow", "kind": "delay", "ms": int(seconds * 1000), "endpoints": ["token"]}
        with concurrent.futures.ThreadPoolExecutor(8) as few:
            attempts = list(few.map(self.start, range(count)))
            addresses = list(few.map(self.allow, attempts))
        due(200, ask("POST", f"{self.crier.playground}/faults.json", {"content-type": "application/json"}, json.dumps(fault)))
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(count) as many:
            list(many.map(self.come_back, attempts, addresses))
        took = time.monotonic() - began
        due(204, ask("DELETE", f"{self.crier.playground}/faults.json"))
        # A browser that has waited long enough lands before the work is done.
        until = time.monotonic() + LONGEST
        while True:
            with concurrent.futures.ThreadPoolExecutor(8) as few:
                ends = collections.Counter(few.map(self.end, attempts))
            if not AT_WORK & ends.keys() or time.monotonic() > until:
                return ends, took
            time.sleep(0.2)
