"""Sets up the site of argument 1 with an owner whose password is argument 2, makes a key, and prints what a test needs as JSON."""

import json
import sys
import time
import urllib.error
import urllib.request
from http.cookiejar import CookieJar

url, password = sys.argv[1:]
browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar()))


def ask(path, body):
    headers = {"content-type": "application/json", "accept-version": "v5.0", "origin": url}
    request = urllib.request.Request(f"{url}/ghost/api/admin/{path}", json.dumps(body).encode(), headers, method="POST")
    # It answers 503 while it still makes its tables.
    for _ in range(120):
        try:
            with browser.open(request, timeout=60) as answer:
                said = answer.read()
                return json.loads(said) if said.startswith(b"{") else None
        except urllib.error.HTTPError as error:
            if error.code != 503:
                sys.exit(f"{path}: {error.code} {error.read().decode(errors='replace')[:500]}")
            time.sleep(0.5)
    sys.exit(f"{path}: 503 for a minute")


owner = {"name": "Ada", "email": "ada@example.org", "password": password, "blogTitle": "Ada writes"}
ask("authentication/setup/", {"setup": [owner]})
ask("session/", {"username": owner["email"], "password": password})
made = ask("integrations/?include=api_keys", {"integrations": [{"name": "Crier"}]})["integrations"][0]
keys = {key["type"]: key for key in made["api_keys"]}
admin = keys["admin"]
secret = admin["secret"] if ":" in admin["secret"] else f"{admin['id']}:{admin['secret']}"
print(json.dumps({"url": url, "key": secret, "content_key": keys["content"]["secret"]}))
