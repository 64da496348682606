"""A small service behind oauthlib's OAuth 1.0 provider: one app, one account, everything in memory.

usage: server.py PORT CONSUMER_KEY CONSUMER_SECRET REDIRECT_URI
"""

import html
import json
import secrets
import sys
import urllib.parse
import wsgiref.simple_server

from oauthlib.oauth1 import RequestValidator, WebApplicationServer

PORT, KEY, SECRET, REDIRECT_URI = int(sys.argv[1]), *sys.argv[2:5]


class Book(RequestValidator):
    """What has been given, and what has been used."""

    enforce_ssl = False

    def __init__(self):
        super().__init__()
        self.requests, self.accesses, self.nonces = {}, {}, set()

    dummy_client, dummy_request_token, dummy_access_token = "dummy" * 5, "dummy" * 5, "dummy" * 5

    def get_client_secret(self, client_key, request):
        return SECRET if client_key == KEY else "dummy"

    def get_request_token_secret(self, client_key, token, request):
        return self.requests.get(token, {}).get("secret", "dummy")

    def get_access_token_secret(self, client_key, token, request):
        return self.accesses.get(token, "dummy")

    def get_default_realms(self, client_key, request):
        return []

    def get_realms(self, token, request):
        return []

    def get_redirect_uri(self, token, request):
        return self.requests[token]["redirect_uri"]

    def validate_client_key(self, client_key, request):
        return secrets.compare_digest(client_key, KEY)

    def validate_request_token(self, client_key, token, request):
        return client_key == KEY and token in self.requests

    def validate_access_token(self, client_key, token, request):
        return client_key == KEY and token in self.accesses

    def validate_timestamp_and_nonce(self, client_key, timestamp, nonce, request, request_token=None, access_token=None):
        used = (client_key, timestamp, nonce, request_token, access_token)
        if used in self.nonces:
            return False
        self.nonces.add(used)
        return True

    def validate_redirect_uri(self, client_key, redirect_uri, request):
        return redirect_uri == REDIRECT_URI

    def validate_requested_realms(self, client_key, realms, request):
        return not realms

    def validate_realms(self, client_key, token, request, uri=None, realms=None):
        return True

    def validate_verifier(self, client_key, token, verifier, request):
        known = self.requests[token].get("verifier")
        return known is not None and secrets.compare_digest(known, verifier)

    def verify_request_token(self, token, request):
        return token in self.requests

    def save_request_token(self, token, request):
        self.requests[token["oauth_token"]] = {"secret": token["oauth_token_secret"], "redirect_uri": request.redirect_uri}

    def save_verifier(self, token, verifier, request):
        self.requests[token]["verifier"] = verifier["oauth_verifier"]

    def save_access_token(self, token, request):
        self.accesses[token["oauth_token"]] = token["oauth_token_secret"]

    def invalidate_request_token(self, client_key, request_token, request):
        self.requests.pop(request_token, None)


BOOK = Book()
SERVER = WebApplicationServer(BOOK)
PAGE = """<!doctype html><title>Allow access?</title><form method="post">
<input type="hidden" name="oauth_token" value="{token}"><button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button></form>"""


def authorize(uri, method, body, headers):
    if method == "GET":
        token = urllib.parse.parse_qs(urllib.parse.urlsplit(uri).query).get("oauth_token", [""])[0]
        return {"Content-Type": "text/html"}, PAGE.format(token=html.escape(token)), 200
    form = dict(urllib.parse.parse_qsl(body))
    token = form.get("oauth_token", "")
    if token not in BOOK.requests:
        return {"Content-Type": "text/plain"}, "unknown request token", 400
    if form.get("decision") != "allow":
        query = urllib.parse.urlencode({"denied": token})
        return {"Location": f"{BOOK.get_redirect_uri(token, None)}?{query}"}, "", 302
    return SERVER.create_authorization_response(f"{uri.split('?')[0]}?oauth_token={token}", "GET", None, {})


def protected(uri, method, body, headers):
    valid, request = SERVER.validate_protected_resource_request(uri, method, body, headers)
    if not valid:
        return {"Content-Type": "application/json"}, json.dumps({"errors": [{"code": 89, "message": "Invalid or expired token."}]}), 401
    if urllib.parse.urlsplit(uri).path == "/oauth/invalidate_token":
        BOOK.accesses.pop(request.resource_owner_key)
        return {"Content-Type": "application/json"}, "{}", 200
    said = dict(request.params)
    return {"Content-Type": "application/json"}, json.dumps({"id": "7", "name": "Alice", "handle": "alice", "status": said.get("status")}), 200


ROUTES = {
    "/oauth/request_token": SERVER.create_request_token_response,
    "/oauth/authorize": authorize,
    "/oauth/access_token": SERVER.create_access_token_response,
    "/oauth/invalidate_token": protected,
    "/api/me": protected,
    "/api/status": protected,
}


def answer(environ, start_response):
    path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
    uri = f"http://127.0.0.1:{PORT}{path}" + (f"?{query}" if query else "")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
    headers = {"Content-Type": environ.get("CONTENT_TYPE", "")}
    if "HTTP_AUTHORIZATION" in environ:
        headers["Authorization"] = environ["HTTP_AUTHORIZATION"]
    if path == "/":
        result = {"Content-Type": "text/plain"}, "ready", 200
    elif path not in ROUTES:
        result = {"Content-Type": "text/plain"}, "not found", 404
    else:
        result = ROUTES[path](uri, environ["REQUEST_METHOD"], body or None, headers)
    told, text, status = result
    start_response(f"{status} -", [(name, value) for name, value in told.items()])
    return [(text or "").encode()]


wsgiref.simple_server.make_server("127.0.0.1", PORT, answer).serve_forever()
