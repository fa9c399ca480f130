"""psycopg 3. Where the server or the pooler is, and the login, say PGHOST, PGPORT, PGDATABASE and PGUSER."""
import contextlib
from decimal import Decimal

import psycopg
from psycopg.rows import namedtuple_row

USER = 1  # who has logged in with the application
MARKET = "BTC-USD"
LOST = ("08", "57P01", "57P02")  # what SQLSTATEs of a lost connection begin with
CUT = "SELECT pg_terminate_backend(pg_backend_pid())"


def connect():
    # No prepared statement has a name: behind a pooler the next transaction may have another connection.
    return psycopg.connect(autocommit=True, prepare_threshold=None, row_factory=namedtuple_row)


@contextlib.contextmanager
def acting(db):
    """A transaction that acts for the user: the pooler gives it one connection, to its end."""
    with db.transaction():
        db.execute("SELECT identity.act_as(%s)", [USER])
        yield


def place(db, price, amount, client_order_id):
    # In FROM, so that the answer has columns. A Decimal arrives as it is; a float is refused (42883).
    return db.execute("SELECT * FROM exchange.place_order(%s, %s, 'buy', %s, %s, client_order_id => %s)",
                      [USER, MARKET, price, amount, client_order_id]).fetchone()


def place_surely(price, amount, client_order_id):
    """Sends the order until it is answered. The first try loses its connection before the commit, the second after
    it; the client_order_id makes them all one order."""
    for tries, cut in enumerate(["before", "after", "never"], start=1):
        try:
            with connect() as db:
                with acting(db):
                    order = place(db, price, amount, client_order_id)
                    if cut == "before":
                        db.execute(CUT)
                if cut == "after":
                    db.execute(CUT)
            return order, tries
        except psycopg.OperationalError as error:
            # Without a SQLSTATE nobody has answered.
            if error.sqlstate is not None and not error.sqlstate.startswith(LOST):
                raise


def main():
    db = connect()

    with acting(db):
        order = place(db, Decimal("100.10"), Decimal("0.1") + Decimal("0.2"), "alice-1")
    print(f"order: {order.status}, {order.filled_amount} filled, {order.remaining_amount} remaining")
    paid = order.filled_amount * order.average_price + order.commission
    print(f"paid: {paid:.8f} USD")

    try:
        with acting(db):
            place(db, Decimal("100.10"), Decimal("1000"), "alice-2")
    except psycopg.Error as error:
        print(f"refused: {error.sqlstate} {error.diag.message_hint}")

    # The inbox takes anything; what is wrong with a line is told when it is carried out.
    with acting(db), db.cursor().copy(
            "COPY exchange.order_commands (action, user_id, symbol, side, price, amount, client_order_id) FROM STDIN"
    ) as copy:
        for n in range(1, 1001):
            price = Decimal("1.001") if n == 1000 else Decimal("1.00")
            copy.write_row(["new", USER, MARKET, "buy", price, Decimal("0.01"), f"bulk-{n}"])
    # It commits what it does, so it stands in no transaction.
    db.execute("CALL exchange.match_orders(%s)", [MARKET])
    with acting(db):
        bulk = db.execute("""SELECT (SELECT count(*) FROM exchange.orders
                                     WHERE user_id = %(user)s AND client_order_id LIKE 'bulk-%%') AS placed,
                                    count(*) AS refused, min(sqlstate) AS sqlstate
                             FROM exchange.command_rejections WHERE user_id = %(user)s""", {"user": USER}).fetchone()
    print(f"bulk: {bulk.placed} placed, {bulk.refused} refused: {bulk.sqlstate}")

    _, tries = place_surely(Decimal("99.00"), Decimal("0.5"), "alice-3")
    with acting(db):
        orders = db.execute("SELECT count(*) FROM exchange.orders WHERE user_id = %s AND price = 99", [USER]).fetchone()
    print(f"retried: {tries} tries, {orders.count} order")


if __name__ == "__main__":
    main()
