"""Publishes to a network that is in nobody's way, and looks when each post reached it."""

import concurrent.futures
import contextlib
import datetime
import json
import os
import subprocess
import time

import connect
import services

CHANNELS = 1_000
# Channels of one post: a post with all of them would be one transaction of a size that nobody makes.
OF_A_POST = 100
# Seconds from the first post's writing to the first due time, for what is done ahead of it.
AHEAD = 25
LONGEST = 300


def now():
    return datetime.datetime.now(datetime.UTC)


class Network:
    """`crier-bench network`: answers after `delay` milliseconds and writes down what reached it."""

    def __init__(self, binary, delay):
        command = [binary.parent / "crier-bench", "network", "127.0.0.1:0", str(delay)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, start_new_session=True)
        self.url = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        services.end(self.process)

    def posts(self):
        return json.loads(connect.due(200, connect.ask("GET", f"{self.url}/posts.json"))[2])

    def forget(self):
        connect.due(204, connect.ask("DELETE", f"{self.url}/posts.json"))

    def reached_by(self, count):
        """The posts, once there are as many."""
        until = time.monotonic() + LONGEST
        while True:
            posts = self.posts()
            if len(posts) >= count:
                return posts
            if time.monotonic() > until:
                raise services.Failed(f"only {len(posts)} of {count} posts reached the network within {LONGEST} s")
            time.sleep(0.5)


class Person:
    """Somebody with a key, at a node that is asked over HTTP."""

    def __init__(self, node, workspace, key):
        self.node = node
        self.api = f"/api/v1/workspaces/{workspace}"
        self.headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}

    def ask(self, method, path, body=None, status=200):
        text = connect.due(status, connect.ask(method, f"{self.node.url}{self.api}{path}", self.headers, body and json.dumps(body)))[2]
        return json.loads(text) if text else None

    def webhook(self, address):
        """Connects a webhook; the channel's id."""
        attempt = self.ask("POST", "/attempts", {"network": "webhook"}, 201)
        done = self.ask("POST", f"/attempts/{attempt['id']}/form", {"values": {"url": address}})
        if done["state"] != "connected":
            raise services.Failed(f"a webhook is {done['state']} instead of connected")
        return done["channel_id"]

    def webhooks(self, network, count):
        with concurrent.futures.ThreadPoolExecutor(8) as several:
            return list(several.map(self.webhook, (f"{network.url}/hook/{n}" for n in range(count))))

    def schedule(self, channels, at, text):
        """A post on these channels."""
        body = {"state": "scheduled", "due_at": at.isoformat(), "time_zone": "UTC", "channels": channels, "parts": [{"text": text}]}
        return self.ask("POST", "/posts", body, 201)["id"]

    def schedule_all(self, wishes):
        """`(channels, at, text)` each."""
        with concurrent.futures.ThreadPoolExecutor(4) as several:
            return list(several.map(lambda wish: self.schedule(*wish), wishes))


def in_posts(channels):
    return [channels[at:at + OF_A_POST] for at in range(0, len(channels), OF_A_POST)]


@contextlib.contextmanager
def nodes(binary, folder, log, network, database=None, count=1, places=None):
    """Nodes on one database, which may call the network; with so many places each, where that is said."""
    with contextlib.ExitStack() as stack:
        address = network.url.removeprefix("http://")
        flags = [f"--egress-allow={address}", "--proxy=none"] + ([f"--worker-parallel={places}"] if places else [])
        yield [stack.enter_context(services.Crier(binary, log, *flags, database=database, data=str(folder))) for _ in range(count)]


def lateness(posts):
    """Milliseconds from the due time to the arrival at the network, in order."""
    return sorted(post["arrived_ms"] - post["due_ms"] for post in posts)


def at_once(person, network, channels):
    """All channels have a post due in the same second; how late each was."""
    at = now().replace(microsecond=0) + datetime.timedelta(seconds=AHEAD)
    person.schedule_all((part, at, "at once") for part in in_posts(channels))
    return lateness(network.reached_by(len(channels)))


def steadily(person, network, channels, rate=50):
    """One after another, `rate` a second; how late each was."""
    start = now() + datetime.timedelta(seconds=AHEAD)
    step = datetime.timedelta(seconds=1) / rate
    person.schedule_all(([channel], start + step * n, "steady") for n, channel in enumerate(channels))
    return lateness(network.reached_by(len(channels)))


def as_fast_as_it_goes(person, network, channels, each=10):
    """Every channel has `each` posts due at once; how many a second reached the network."""
    at = now().replace(microsecond=0) + datetime.timedelta(seconds=AHEAD + 15)
    person.schedule_all((part, at, f"fast {n}") for n in range(each) for part in in_posts(channels))
    if now() > at:
        raise services.Failed("the posts were not written before they were due")
    arrived = sorted(post["arrived_ms"] for post in network.reached_by(each * len(channels)))
    return len(arrived) / (arrived[-1] - arrived[0]) * 1000


def processor_seconds(pid):
    """What a process has used of the processors so far."""
    fields = open(f"/proc/{pid}/stat", encoding="utf-8").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
