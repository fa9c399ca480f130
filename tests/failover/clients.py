"""Clients of a venue whose leader changes: they place orders, and repeat what was not answered.

    clients.py sql FOLDER ADDRESS STATEMENTS  runs them
    clients.py load FOLDER ADDRESS COUNT      until FOLDER/stop is there
    clients.py check FOLDER ADDRESS FAULT...  compares what was acknowledged with what is there; FAULT: kind=time
"""

import pathlib
import sys
import threading
import time

import psycopg2

PLACE = "SELECT (exchange.{}(%s, 'BTC-USD', %s, %s, 1, client_order_id => %s)).id"
# What an answer is: anything else may or may not have been done, and is asked again.
PAUSE = 0.05


def connect(address):
    connection = psycopg2.connect(address)
    connection.autocommit = True
    return connection


def connect_patiently(address):
    """A standby that has yet to make the database refuses, and the driver asks no other machine then."""
    for _ in range(150):
        try:
            return connect(address)
        except psycopg2.OperationalError as error:
            last = error
            time.sleep(0.2)
    raise last


class Client(threading.Thread):
    """One user who places one order after the other, each until it is answered."""

    def __init__(self, folder, address, user):
        super().__init__()
        self.folder, self.address, self.user = folder, address, user
        self.connection = None

    def run(self):
        n = 0
        with open(self.folder / f"client-{self.user}-{int(time.time())}.tsv", "w", buffering=1) as log:
            started = int(time.time() * 1000)
            while not (self.folder / "stop").exists():
                n += 1
                client_id = f"{self.user}-{started}-{n}"
                order_id = self.place(n, client_id)
                if order_id is not None:
                    log.write(f"{time.time():.3f}\t{client_id}\t{order_id}\n")

    def place(self, n, client_id):
        side, price = ("buy", 100 + n % 3) if (n + self.user) % 2 else ("sell", 100 - n % 3)
        call = PLACE.format("submit_order" if n % 2 else "place_order")
        while not (self.folder / "stop").exists():
            try:
                if self.connection is None:
                    self.connection = connect(self.address)
                self.connection.notices.clear()
                with self.connection.cursor() as cursor:
                    cursor.execute(call, (self.user, side, price, client_id))
                    answer = cursor.fetchone()[0]
                # "committed locally, but might not have been replicated": no acknowledgement.
                if any("might not have been replicated" in notice for notice in self.connection.notices):
                    continue
                return answer
            except psycopg2.Error as error:
                if error.pgcode in ("23514",):
                    return None
                self.connection = None
                time.sleep(PAUSE)
        return None


def load(folder, address, count):
    clients = [Client(folder, address, user) for user in range(1, count + 1)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()


def acknowledged(folder):
    lines = (line.split("\t") for file in folder.glob("client-*.tsv") for line in file.read_text().splitlines())
    return [(float(at), client_id, int(order_id)) for at, client_id, order_id in lines]


def check(folder, address, faults):
    answers = acknowledged(folder)
    with connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT client_order_id, id FROM exchange.orders")
        stored = dict(cursor.fetchall())
        cursor.execute("SELECT count(*), count(DISTINCT (user_id, client_order_id)) FROM exchange.orders")
        orders, ids = cursor.fetchone()
        cursor.execute("SELECT * FROM exchange.verify()")
        wrong = cursor.fetchall()
    lost = [client_id for _, client_id, order_id in answers if stored.get(client_id) != order_id]
    print(f"acknowledged\t{len(answers)}")
    print(f"lost\t{len(lost)}")
    print(f"twice\t{orders - ids}")
    print(f"unanswered\t{orders - (len(answers) - len(lost))}")
    print(f"verify\t{len(wrong)}")
    times = sorted(at for at, _, _ in answers)
    begins = [float(fault.split("=")[1]) for fault in faults] + [float("inf")]
    for fault, end in zip(faults, begins[1:]):
        kind, begin = fault.split("=")[0], float(fault.split("=")[1])
        window = [at for at in times if begin - 1 <= at < end - 1]
        gaps = [later - sooner for sooner, later in zip(window, window[1:])]
        print(f"outage\t{kind}\t{max(gaps, default=float('nan')):.2f}")


def main():
    task, folder, address, *rest = sys.argv[1:]
    folder = pathlib.Path(folder)
    if task == "sql":
        with connect_patiently(address).cursor() as cursor:
            for statement in rest[0].split(";"):
                cursor.execute(statement)
    elif task == "load":
        load(folder, address, int(rest[0]))
    else:
        check(folder, address, rest)


main()
