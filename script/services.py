"""What the scripts start on loopback and stop again: PostgreSQL, the peers, Crier itself."""

import contextlib
import glob
import json
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PEERS = {"CRIER_PEER_BLUESKY": "bluesky-pds", "CRIER_PEER_GHOST": "ghost-site", "CRIER_PEER_LEMMY": "lemmy-site",
         "CRIER_PEER_MASTODON": "mastodon-api", "CRIER_PEER_MATRIX": "matrix-synapse", "CRIER_PEER_NOSTR": "nostr-relay",
         "CRIER_PEER_OAUTH1": "oauth1-provider", "CRIER_PEER_OIDC": "oidc-provider", "CRIER_PEER_OUTBOUND": "outbound",
         "CRIER_PEER_S3": "s3-server", "CRIER_PEER_SLACK": "slack-api", "CRIER_PEER_SMTP": "smtp-sink",
         "CRIER_PEER_TEAMS": "teams-cards", "CRIER_PEER_WORDPRESS": "wordpress-site"}
# What spreads requests over several nodes; for tests of Crier itself.
BALANCER = {"CRIER_PEER_BALANCER": "balancer"}
# The most that one of them takes.
PEER_PORTS = 12


class Failed(Exception):
    """Something could not be started; the text is for a person."""


def free_ports(count):
    """`count` loopback ports in a row that nothing listens on."""
    for _ in range(100):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            first = probe.getsockname()[1]
        if first + count > 65535:
            continue
        with contextlib.ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise Failed(f"no {count} free ports in a row on 127.0.0.1")


def end(process, first=signal.SIGTERM, seconds=20):
    """Ends a child that was started in a session of its own, and what it started."""
    if process.poll() is None:
        process.send_signal(first)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def answers(url, seconds, alive, every=0.05):
    """Waits until `url` answers 2xx; False when time is up or `alive()` turns false."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + seconds
    while time.monotonic() < until and alive():
        try:
            with opener.open(url, timeout=5):
                return True
        except OSError:
            time.sleep(every)
    return False


@contextlib.contextmanager
def postgresql(log, durable=False):
    """A server of this machine's newest PostgreSQL; yields the URL of a superuser who may create databases. Unless it is to be durable,
    it saves itself the waits for the disk."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4]))
    if not found:
        raise Failed("PostgreSQL's server is not installed; run script/bootstrap test")
    binaries = pathlib.Path(found[-1])
    folder = tempfile.mkdtemp(prefix="crier-pg-")
    become = []
    if os.geteuid() == 0:  # it refuses to run as root
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        become = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    password, port = secrets.token_hex(12), free_ports(1)
    data = f"{folder}/data"
    server = None
    try:
        secret = pathlib.Path(folder, "password")
        secret.write_text(password)
        secret.chmod(0o600)
        if become:
            os.chown(secret, user.pw_uid, user.pw_gid)
        # MD5 because every test opens connections of its own, and SCRAM is slow on purpose.
        subprocess.run(
            [*become, binaries / "initdb", "-D", data, "-U", "crier", "-A", "md5", f"--pwfile={secret}",
             "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True, stdout=log, stderr=subprocess.STDOUT, cwd="/")
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "max_connections": 300,
                    "shared_buffers": "256MB"}
        if not durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        server = subprocess.Popen([*become, binaries / "postgres", "-D", data, *flags], stdout=log, stderr=subprocess.STDOUT,
                                  stdin=subprocess.DEVNULL, start_new_session=True, cwd="/")
        ready = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        until = time.monotonic() + 30
        while subprocess.run(ready, check=False).returncode != 0:
            if server.poll() is not None or time.monotonic() > until:
                raise Failed("PostgreSQL did not start; its output is in the log")
            time.sleep(0.1)
        yield f"postgres://crier:{password}@127.0.0.1:{port}/postgres"
    except subprocess.CalledProcessError as problem:
        raise Failed(f"initdb failed: {problem}") from problem
    finally:
        if server:
            end(server, signal.SIGINT)  # SIGINT is PostgreSQL's fast shutdown
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def peers(log, chosen=PEERS):
    """The servers of peers/; yields the variables that tell the tests where they are."""
    folder = tempfile.mkdtemp(prefix="crier-peers-")
    os.chmod(folder, 0o711)  # what refuses to run as root must get to what is its own
    environment = {}
    try:
        for variable, name in chosen.items():
            log.write(f"starting peer {name}\n")
            log.flush()
            run = subprocess.run([ROOT / "peers" / name, "start", str(free_ports(PEER_PORTS)), f"{folder}/{name}"],
                                 stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True, check=False)
            if run.returncode != 0:
                raise Failed(f"peer {name} did not start; see the log")
            environment[variable] = json.dumps(json.loads(run.stdout))
        yield environment
    finally:
        for name in chosen.values():
            subprocess.run([ROOT / "peers" / name, "stop", f"{folder}/{name}"], stdout=log, stderr=log, stdin=subprocess.DEVNULL, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def chromium():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise Failed("Chromium is not installed; run script/bootstrap test")


def install_browser_library():
    """What drives Chromium, as e2e/package-lock.json names it, when it is not there yet."""
    folder = ROOT / "e2e"
    stamp = folder / "node_modules/.package-lock.json"
    if not stamp.exists() or stamp.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True)
        stamp.touch()


def environment():
    """This one, without what is set on this machine for a running Crier."""
    return {k: v for k, v in os.environ.items() if not k.startswith("CRIER_") and k != "DATABASE_URL"}


class Crier:
    """A running `crier serve` with a data folder of its own; people reach it under `host`, a name for this machine."""

    def __init__(self, binary, log, *arguments, database=None, data=None, host="127.0.0.1"):
        port = free_ports(2)
        self.url = f"http://{host}:{port}"
        self.playground = f"http://127.0.0.1:{port + 1}"
        self._own = data is None
        self.data = data or tempfile.mkdtemp(prefix="crier-data-")
        own = environment() | {"CRIER_LISTEN": f"127.0.0.1:{port}", "CRIER_PLAYGROUND_LISTEN": f"127.0.0.1:{port + 1}",
                               "CRIER_PUBLIC_URL": self.url, "CRIER_DATA_DIR": self.data}
        if database:
            own["DATABASE_URL"] = database
        self.started = time.monotonic()
        self.process = subprocess.Popen([binary, "serve", *arguments], env=own, stdout=log, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL, start_new_session=True)

    def __enter__(self):
        if not answers(f"{self.url}/health", 60, lambda: self.process.poll() is None, every=0.005):
            self.__exit__()
            raise Failed("crier did not answer /health; see the log")
        self.seconds_to_first_answer = time.monotonic() - self.started
        return self

    def __exit__(self, *_):
        end(self.process)
        if self._own:
            shutil.rmtree(self.data, ignore_errors=True)
