"""Sends the messages of one channel, by SMTP or to webhooks. An example to start from: README.md says how it is run.

What it holds to, whatever it sends by:

- A message is claimed, sent, and told of (ack or fail), one after the other. Dies it in between, its lease ends and
  another sender has the message: nothing is lost.
- It may then be sent twice, for no sender knows whether the other side has taken what it did not live to be told of. So
  every attempt carries one and the same key, by which the receiver takes the message once: `Idempotency-Key` of a
  webhook, `Message-ID` of a mail.
- What will never work is failed for good (permanent), anything else is tried again: when the other side says so
  (Retry-After), or when the database does.
"""

import argparse
import datetime
import email.message
import email.utils
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import signal
import smtplib
import string
import sys
import time
import urllib.parse

import psycopg
from psycopg.rows import namedtuple_row

TEMPLATES = pathlib.Path(__file__).parent / "templates"
# What an HTTP server may mean otherwise the next time, below 500.
TRANSIENT = {408, 425, 429}
# No provider is waited for longer than this: the database takes a year at most.
LONGEST_RETRY = 86400


class Failed(Exception):
    """The channel has not taken a message."""

    def __init__(self, reason, permanent=False, retry_after=None):
        super().__init__(reason)
        self.permanent = permanent
        self.retry_after = retry_after


def render(message):
    """Subject and text: of the template, whose first line is the subject, or of the content itself."""
    content = message.content
    if "messages" in content and "digest_key" in content:
        parts = [render(message._replace(content=m["content"], template_name=m["template_name"]))
                 for m in content["messages"]]
        return f"{len(parts)} messages", "\n\n".join(f"{subject}\n{text}" for subject, text in parts)
    if message.template_name is None:
        return str(content.get("subject", message.message_type)), str(content.get("text", json.dumps(content)))
    # A name, never a path.
    if not re.fullmatch(r"[a-z0-9_]+", message.template_name):
        raise Failed(f"template {message.template_name!r} is no name", permanent=True)
    try:
        template = (TEMPLATES / f"{message.template_name}.txt").read_text(encoding="utf-8")
        subject, _, text = string.Template(template).substitute(content).partition("\n")
    except (OSError, KeyError, ValueError) as error:
        raise Failed(f"template {message.template_name}: {error!r}", permanent=True) from error
    return subject, text


class Smtp:
    """Mail. config: host, port, sender; starttls; login_in: the environment variable with `user:password`."""

    def __init__(self, config, timeout):
        self.config, self.timeout, self.server = config, timeout, None

    def connect(self):
        """What goes wrong here is no message's fault, and is tried again."""
        if self.server is not None:
            return
        try:
            self.server = smtplib.SMTP(self.config["host"], int(self.config.get("port", 25)), timeout=self.timeout)
            if self.config.get("starttls"):
                self.server.starttls()
            if "login_in" in self.config:
                self.server.login(*os.environ[self.config["login_in"]].split(":", 1))
        except (OSError, smtplib.SMTPException, KeyError, ValueError) as error:
            self.close()
            raise Failed(repr(error)) from error

    def send(self, message, address, key):
        subject, text = render(message)
        mail = email.message.EmailMessage()
        try:
            mail["From"], mail["To"], mail["Subject"] = self.config["sender"], address, subject
            mail["Message-ID"] = f"<{key}@{self.config['sender'].rpartition('@')[2]}>"
            mail["Date"] = email.utils.localtime()
            mail.set_content(text)
        except ValueError as error:
            raise Failed(f"no mail can say that: {error}", permanent=True) from error
        self.connect()
        try:
            self.server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            code, reason = next(iter(error.recipients.values()))
            raise Failed(f"{code} {reason!r}", permanent=code >= 500) from error
        except smtplib.SMTPResponseException as error:
            self.close()
            raise Failed(f"{error.smtp_code} {error.smtp_error!r}", permanent=error.smtp_code >= 500) from error
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise Failed(repr(error)) from error
        return mail["Message-ID"]

    def close(self):
        if self.server is not None:
            self.server.close()
        self.server = None


class Webhook:
    """POST with JSON. config: url, unless the recipient is one; key_in: the environment variable that signs it."""

    def __init__(self, config, timeout):
        self.config, self.timeout = config, timeout

    def send(self, message, address, key):
        url = urllib.parse.urlsplit(address if "://" in (address or "") else self.config.get("url", ""))
        if url.scheme not in ("http", "https") or not url.hostname:
            raise Failed(f"{url.geturl()!r} is no address of a webhook", permanent=True)
        body = json.dumps({"id": message.message_id, "type": message.message_type, "content": message.content}).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        if "key_in" in self.config:
            secret = os.environ[self.config["key_in"]].encode()
            headers["X-Signature"] = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        connection = kind(url.hostname, url.port, timeout=self.timeout)
        try:
            path = url.path or "/"
            connection.request("POST", f"{path}?{url.query}" if url.query else path, body, headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Failed(repr(error)) from error
        finally:
            connection.close()
        if answer.status >= 300:
            permanent = answer.status < 500 and answer.status not in TRANSIENT
            raise Failed(f"{answer.status} {answer.reason}", permanent, retry_after(answer.headers.get("Retry-After")))
        return answer.headers.get("X-Request-Id")

    def close(self):
        pass


def retry_after(header):
    """Seconds, of a header that has seconds or a date."""
    if not header:
        return None
    try:
        seconds = int(header)
    except ValueError:
        try:
            until = email.utils.parsedate_to_datetime(header)
            seconds = (until - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0), LONGEST_RETRY)


KINDS = {"smtp": Smtp, "webhook": Webhook}


class Sender:
    """One worker on one channel."""

    def __init__(self, arguments):
        self.arguments, self.channel, self.is_to_end = arguments, arguments.channel, False
        self.database = psycopg.connect(arguments.dsn, autocommit=True, row_factory=namedtuple_row)
        self.database.execute("LISTEN messaging_messages")
        row = self.database.execute(
            "SELECT config, timeout_seconds FROM messaging.channel_configs WHERE channel = %s",
            [self.channel]).fetchone()
        if row is None:
            sys.exit(f"messaging.channel_configs has no channel {self.channel}")
        self.timeout = row.timeout_seconds
        self.transport = KINDS[arguments.by](row.config, self.timeout)

    def run(self):
        signal.signal(signal.SIGTERM, self.end)
        signal.signal(signal.SIGINT, self.end)
        while not self.is_to_end:
            if self.batch() or self.is_to_end:
                continue
            if self.arguments.once:
                break
            # No server keeps a connection for ever.
            self.transport.close()
            # Woken by what is enqueued; a message that is due later, or again, wakes nobody.
            for _ in self.database.notifies(timeout=self.arguments.pause, stop_after=1):
                pass
        self.transport.close()

    def end(self, *_):
        """What it is at is finished, and the rest of the batch given back."""
        self.is_to_end = True

    def batch(self):
        # A lease that lasts as long as all of the batch may take.
        lease = self.arguments.lease or (self.arguments.batch + 1) * self.timeout
        claimed = self.database.execute(
            "SELECT * FROM messaging.claim(%s, %s, %s, make_interval(secs => %s))",
            [self.arguments.worker, self.channel, self.arguments.batch, lease]).fetchall()
        for message in claimed:
            if self.is_to_end:
                self.tell("SELECT messaging.release(%s, %s)", [message.lease, message.message_id])
            else:
                self.deliver(message)
        return len(claimed)

    def deliver(self, message):
        began = time.monotonic()
        try:
            # The key says nothing of the attempt: to the receiver they are all one.
            external_id = self.transport.send(message, self.address(message), f"{message.message_id}.{self.channel}")
        except Failed as failure:
            self.tell("SELECT messaging.fail(%s, %s, %s, make_interval(secs => %s), %s)",
                      [message.lease, message.message_id, str(failure), failure.retry_after, failure.permanent])
        else:
            self.tell("SELECT messaging.ack(%s, %s, %s, %s)",
                      [message.lease, message.message_id, external_id, self.since(began)])

    def address(self, message):
        """A number is a user: mail goes to the address of the profile."""
        if message.recipient_id is None or not message.recipient_id.isdigit():
            return message.recipient_id
        row = self.database.execute(
            "SELECT email FROM identity.users WHERE id = %s", [int(message.recipient_id)]).fetchone()
        if row is None or row.email is None:
            raise Failed(f"user {message.recipient_id} has no email", permanent=True)
        return row.email

    def tell(self, statement, values):
        try:
            self.database.execute(statement, values)
        except psycopg.errors.ObjectNotInPrerequisiteState as error:
            # The lease has ended: the message is somebody else's, who says what becomes of it.
            print(f"{self.arguments.worker}: {error.diag.message_primary}", file=sys.stderr)

    @staticmethod
    def since(began):
        return int((time.monotonic() - began) * 1000)


def main():
    parser = argparse.ArgumentParser(description="Sends the messages of one channel.")
    parser.add_argument("--dsn", default="", help="how to connect; by default the environment says (PGHOST, …)")
    parser.add_argument("--channel", required=True)
    parser.add_argument("--by", choices=KINDS, required=True)
    parser.add_argument("--worker", default=f"sender {os.uname().nodename} {os.getpid()}")
    parser.add_argument("--batch", type=int, default=10, help="so many messages are claimed at a time")
    parser.add_argument("--lease", type=float, help="seconds; by default as long as the batch may take")
    parser.add_argument("--pause", type=float, default=5, help="seconds until it looks again when nothing is due")
    parser.add_argument("--once", action="store_true", help="end when nothing is due")
    Sender(parser.parse_args()).run()


if __name__ == "__main__":
    main()
