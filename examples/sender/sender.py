"""Sends the messages of one channel, by SMTP or to webhooks. An example to start from: README.md says how it is run.

What it holds to, whatever it sends by:

- A message is claimed, sent, and told of (ack or fail), one after the other. Dies it in between, its lease ends and
  another sender has the message: nothing is lost.
- It may then be sent twice, for no sender knows whether the other side has taken what it did not live to be told of. So
  every attempt carries one and the same key, by which the receiver takes the message once: `Idempotency-Key` of a
  webhook, `Message-ID` of a mail.
- What will never work is failed for good (permanent), anything else is tried again: when the other side says so
  (Retry-After), or when the database does.
- Nobody who writes a message ends the sender: what cannot be rendered or sent, for whatever reason, fails for good.
- It extends the lease before each message, and gives an attempt up before that ends, however slow the other side is.
"""

import argparse
import collections
import contextlib
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
# No lease lasts longer.
LONGEST_LEASE = 86400
# As long as an attempt may take, in timeouts: mail is about ten questions and answers.
ROUND_TRIPS = 10
# So much of an answer is read, which nobody looks at.
MOST_OF_AN_ANSWER = 65536
LONGEST_ID = 255
MAIL_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


class Failed(Exception):
    """The channel has not taken a message."""

    def __init__(self, reason, permanent=False, retry_after=None):
        super().__init__(reason)
        self.permanent = permanent
        self.retry_after = retry_after


def render(message):
    """Subject and text. No message of a user has the type of a digest, and none in a digest is one."""
    if message.message_type != "digest":
        return render_one(message.message_type, message.template_name, message.content)
    parts = [render_one(part["message_type"], part["template_name"], part["content"])
             for part in message.content["messages"]]
    return f"{len(parts)} messages", "\n\n".join(f"{subject}\n{text}" for subject, text in parts)


def render_one(message_type, name, content):
    """Of the template, whose first line is the subject, or of the content itself."""
    if name is None:
        return str(content.get("subject", message_type)), str(content.get("text", json.dumps(content)))
    # A name, never a path.
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise Failed(f"template {name!r} is no name", permanent=True)
    try:
        template = (TEMPLATES / f"{name}.txt").read_text(encoding="utf-8")
        subject, _, text = string.Template(template).substitute(content).partition("\n")
    except (OSError, KeyError, ValueError) as error:
        raise Failed(f"template {name}: {error!r}", permanent=True) from error
    return subject, text


class Smtp:
    """Mail. config: host, port, sender; starttls; login_in: the environment variable with `user:password`; to: who gets
    what is to nobody in particular."""

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

    def look(self):
        """Whether the server answers."""
        self.connect()
        try:
            self.server.noop()
        except (OSError, smtplib.SMTPException) as error:
            raise Failed(repr(error)) from error
        finally:
            self.close()

    def send(self, message, address, key):
        address = address.email or address.address or self.config.get("to")
        if not address or len(address) > 254 or not MAIL_ADDRESS.fullmatch(address):
            raise Failed(f"{address!r} is no address of mail", permanent=True)
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
    """POST with JSON. config: url, unless the recipient is a URL of its origin, or of one in the list origins, as
    `https://hooks.example.org`; key_in: the environment variable that signs it."""

    def __init__(self, config, timeout):
        self.config, self.timeout = config, timeout

    def url(self, address):
        """Of what somebody has typed a URL is taken only if its host is ours; a user's number never becomes one."""
        home = urllib.parse.urlsplit(self.config.get("url", ""))
        if address is None or "://" not in address:
            url = home
        elif not re.fullmatch(r"[!-~]+", address):
            raise Failed("the URL has characters that none has", permanent=True)
        else:
            try:
                url = urllib.parse.urlsplit(address)
                known = {f"{home.scheme}://{home.netloc}", *self.config.get("origins", [])}
                if f"{url.scheme}://{url.netloc}" not in known:
                    raise Failed(f"{url.hostname!r} is no host of ours", permanent=True)
            except ValueError as error:
                raise Failed(f"no URL: {error}", permanent=True) from error
        if url.scheme not in ("http", "https") or not url.hostname:
            raise Failed(f"{url.geturl()!r} is no address of a webhook", permanent=True)
        return url

    def connection(self, url):
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        return kind(url.hostname, url.port, timeout=self.timeout)

    def look(self):
        """Whether somebody listens there: a request could do something."""
        connection = self.connection(self.url(None))
        try:
            connection.connect()
        except OSError as error:
            raise Failed(repr(error)) from error
        finally:
            connection.close()

    def send(self, message, address, key):
        url = self.url(address.address)
        body = json.dumps({"id": message.message_id, "type": message.message_type, "content": message.content}).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        if "key_in" in self.config:
            secret = os.environ[self.config["key_in"]].encode()
            headers["X-Signature"] = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
        connection = self.connection(url)
        try:
            path = url.path or "/"
            connection.request("POST", f"{path}?{url.query}" if url.query else path, body, headers)
            answer = connection.getresponse()
            answer.read(MOST_OF_AN_ANSWER)
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
        except (TypeError, ValueError, IndexError, OverflowError):
            return None
    return min(max(seconds, 0), LONGEST_RETRY)


KINDS = {"smtp": Smtp, "webhook": Webhook}
Address = collections.namedtuple("Address", "address email account")


class Sender:
    """One worker on one channel."""

    def __init__(self, arguments):
        self.arguments, self.channel, self.is_to_end = arguments, arguments.channel, False
        self.told = time.monotonic()
        self.connect()
        row = self.tell("SELECT config, timeout_seconds FROM messaging.channel_configs WHERE channel = %s",
                        [self.channel])
        if row is None:
            sys.exit(f"messaging.channel_configs has no channel {self.channel}")
        self.lasting = min(arguments.lease or row.timeout_seconds * ROUND_TRIPS, LONGEST_LEASE)
        self.transport = KINDS[arguments.by](row.config, row.timeout_seconds)

    def connect(self):
        self.database = psycopg.connect(self.arguments.dsn, autocommit=True, row_factory=namedtuple_row)
        self.database.execute("LISTEN messaging_messages")

    def run(self):
        signal.signal(signal.SIGTERM, self.end)
        signal.signal(signal.SIGINT, self.end)
        signal.signal(signal.SIGALRM, too_slow)
        while not self.is_to_end:
            try:
                if self.database.closed:
                    self.connect()
                if self.batch() or self.is_to_end:
                    continue
                if self.arguments.once:
                    break
                self.wait()
            except psycopg.Error as error:
                # The server is restarted, or busy: what is held is given out again when its lease has ended.
                self.say(error)
                if self.arguments.once:
                    sys.exit(1)
                time.sleep(self.arguments.pause)
        self.transport.close()

    def wait(self):
        # No server keeps a connection for ever.
        self.transport.close()
        if time.monotonic() - self.told >= self.arguments.look:
            self.look()
        # Woken by what is enqueued; a message that is due later, or again, wakes nobody.
        for notified in self.database.notifies(timeout=self.arguments.pause):
            if notified.payload in ("", self.channel):
                break

    def end(self, *_):
        """What it is at is finished, and the rest of the batch given back."""
        self.is_to_end = True

    def look(self):
        """A sign of life of a channel on which nothing is due."""
        began, error = time.monotonic(), None
        try:
            with deadline(self.lasting):
                self.transport.look()
        except Failed as failure:
            error = plain(str(failure))
        self.told = time.monotonic()
        self.tell("SELECT messaging.update_channel_health(%s, %s, %s, %s)",
                  [self.channel, error is None, since(began), error])

    def batch(self):
        # JSON as text: it is read message by message.
        claimed = self.database.execute(
            """SELECT message_id, lease, message_type, recipient_id, template_name, content::text AS content
               FROM messaging.claim(%s, %s, %s, make_interval(secs => %s))""",
            [self.arguments.worker, self.channel, self.arguments.batch, self.lasting]).fetchall()
        extended = time.monotonic()
        for n, message in enumerate(claimed):
            if self.is_to_end:
                self.tell("SELECT messaging.release(%s, %s)", [message.lease, message.message_id])
                continue
            # The others have to wait for the slow ones.
            began = time.monotonic()
            late = began - extended > self.lasting / 4
            held = [self.tell("SELECT messaging.extend(%s, %s, make_interval(secs => %s))",
                              [other.lease, other.message_id, self.lasting])
                    for other in (claimed[n:] if late else [message])]
            extended = began if late else extended
            if held[0] is not None:
                self.deliver(message, began)
        return len(claimed)

    def deliver(self, message, began):
        address = Address(message.recipient_id, None, None)
        if (message.recipient_id or "").isdigit():
            address = self.tell("SELECT * FROM messaging.recipient_address(%s, %s)",
                                [message.lease, message.message_id])
            if address is None:
                return
        try:
            # Some time is left to tell of it.
            with deadline(began + self.lasting * 0.8 - time.monotonic()):
                message = message._replace(content=json.loads(message.content))
                # The key says nothing of the attempt: to the receiver they are all one.
                external_id = self.transport.send(message, address, f"{message.message_id}.{self.channel}")
        except Exception as error:
            failure = error if isinstance(error, Failed) else Failed(repr(error), permanent=True)
            self.transport.close()
            self.tell("SELECT messaging.fail(%s, %s, %s, make_interval(secs => %s), %s)",
                      [message.lease, message.message_id, plain(str(failure)), failure.retry_after, failure.permanent])
        else:
            self.tell("SELECT messaging.ack(%s, %s, %s, %s)",
                      [message.lease, message.message_id, plain(external_id or "")[:LONGEST_ID] or None,
                       since(began)])
        self.told = time.monotonic()

    def tell(self, statement, values):
        """The row that the database answers with; None: it has refused."""
        try:
            return self.database.execute(statement, values).fetchone()
        except psycopg.Error as error:
            if self.database.closed:
                raise
            # Mostly the lease has ended: the message is somebody else's, who says what becomes of it.
            self.say(error)
            return None

    def say(self, error):
        print(f"{self.arguments.worker}: {error.diag.message_primary or error}", file=sys.stderr)


@contextlib.contextmanager
def deadline(seconds):
    """Ends what is in it, whatever it waits for."""
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def too_slow(*_):
    raise Failed("the other side is too slow")


def since(began):
    return int((time.monotonic() - began) * 1000)


def plain(text):
    """What a text of the database holds."""
    return text.replace("\0", "").encode(errors="replace").decode()


def main():
    parser = argparse.ArgumentParser(description="Sends the messages of one channel.")
    parser.add_argument("--dsn", default="", help="how to connect; by default the environment says (PGHOST, …)")
    parser.add_argument("--channel", required=True)
    parser.add_argument("--by", choices=KINDS, required=True)
    parser.add_argument("--worker", default=f"sender {os.uname().nodename} {os.getpid()}")
    parser.add_argument("--batch", type=int, default=10, help="so many messages are claimed at a time")
    parser.add_argument("--lease", type=float, help="seconds for an attempt, by default ten times timeout_seconds")
    parser.add_argument("--pause", type=float, default=5, help="seconds until it looks again when nothing is due")
    parser.add_argument("--look", type=float, default=60, help="seconds after which an idle sender looks at its server")
    parser.add_argument("--once", action="store_true", help="end when nothing is due")
    Sender(parser.parse_args()).run()


if __name__ == "__main__":
    main()
