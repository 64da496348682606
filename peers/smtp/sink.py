"""An SMTP server that asks for a user and a password, and keeps each mail as a file. What is addressed to refused@… is refused.

usage: sink.py PORT FOLDER USER PASSWORD
"""

import asyncio
import itertools
import pathlib
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Keep:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.numbers = itertools.count(len(list(self.folder.glob("*.eml"))))

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused@"):
            return "550 5.1.1 No such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        head = f"X-MailFrom: {envelope.mail_from}\r\nX-RcptTo: {', '.join(envelope.rcpt_tos)}\r\n"
        path = self.folder / f"{next(self.numbers):06}.eml"
        part = path.with_suffix(".part")
        part.write_bytes(head.encode() + envelope.content)
        part.rename(path)
        return "250 Kept"


async def main(port, folder, user, password):
    def authenticate(server, session, envelope, mechanism, data):
        right = (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=right, handled=right)

    keep = Keep(folder)

    def serve():
        return SMTP(keep, authenticator=authenticate, auth_required=True, auth_require_tls=False, hostname="localhost")

    server = await asyncio.get_running_loop().create_server(serve, "127.0.0.1", int(port))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
