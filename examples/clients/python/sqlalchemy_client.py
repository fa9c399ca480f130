"""SQLAlchemy 2 over psycopg 3. Where the server or the pooler is, and the login, say PGHOST, PGPORT, PGDATABASE and
PGUSER. How to map exchange.orders as a class instead of calling: docs/clients.md."""
import contextlib
from decimal import Decimal

from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

USER = 1  # who has logged in with the application
MARKET = "BTC-USD"
LOST = ("08", "57P01", "57P02")  # what SQLSTATEs of a lost connection begin with
CUT = select(func.pg_terminate_backend(func.pg_backend_pid()))
# No prepared statement has a name: behind a pooler the next transaction may have another connection.
ENGINE = create_engine("postgresql+psycopg://", connect_args={"prepare_threshold": None})
# In FROM, so that the answer has columns.
PLACE = text("SELECT * FROM exchange.place_order(:user, :market, 'buy', :price, :amount, client_order_id => :id)")


@contextlib.contextmanager
def acting():
    """A transaction that acts for the user: the pooler gives it one connection, to its end."""
    with Session(ENGINE) as session, session.begin():
        session.execute(select(func.identity.act_as(USER)))
        yield session


def place(session, price, amount, client_order_id):
    # A Decimal arrives as it is; a float is refused (42883).
    return session.execute(PLACE, {"user": USER, "market": MARKET, "price": price, "amount": amount,
                                   "id": client_order_id}).one()


def place_surely(price, amount, client_order_id):
    """Sends the order until it is answered. The first try loses its connection before the commit, the second after
    it; the client_order_id makes them all one order."""
    for tries, cut in enumerate(["before", "after", "never"], start=1):
        try:
            with acting() as session:
                order = place(session, price, amount, client_order_id)
                if cut == "before":
                    session.execute(CUT)
            if cut == "after":
                with ENGINE.connect() as connection:
                    connection.execute(CUT)
            return order, tries
        except DBAPIError as error:
            # Without a SQLSTATE nobody has answered.
            state = error.orig.sqlstate
            if state is not None and not state.startswith(LOST):
                raise


def main():
    with acting() as session:
        order = place(session, Decimal("100.10"), Decimal("0.1") + Decimal("0.2"), "alice-1")
    print(f"order: {order.status}, {order.filled_amount} filled, {order.remaining_amount} remaining")
    paid = order.filled_amount * order.average_price + order.commission
    print(f"paid: {paid:.8f} USD")

    try:
        with acting() as session:
            place(session, Decimal("100.10"), Decimal("1000"), "alice-2")
    except DBAPIError as error:
        print(f"refused: {error.orig.sqlstate} {error.orig.diag.message_hint}")

    # The inbox takes anything; what is wrong with a line is told when it is carried out. COPY is the driver's.
    with acting() as session:
        cursor = session.connection().connection.cursor()
        with cursor.copy("COPY exchange.order_commands (action, user_id, symbol, side, price, amount, client_order_id)"
                         " FROM STDIN") as copy:
            for n in range(1, 1001):
                price = Decimal("1.001") if n == 1000 else Decimal("1.00")
                copy.write_row(["new", USER, MARKET, "buy", price, Decimal("0.01"), f"bulk-{n}"])
    # It commits what it does, so it stands in no transaction.
    with ENGINE.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CALL exchange.match_orders(:market)"), {"market": MARKET})
    with acting() as session:
        bulk = session.execute(text(
            """SELECT (SELECT count(*) FROM exchange.orders
                       WHERE user_id = :user AND client_order_id LIKE 'bulk-%') AS placed,
                      count(*) AS refused, min(sqlstate) AS sqlstate
               FROM exchange.command_rejections WHERE user_id = :user"""), {"user": USER}).one()
    print(f"bulk: {bulk.placed} placed, {bulk.refused} refused: {bulk.sqlstate}")

    _, tries = place_surely(Decimal("99.00"), Decimal("0.5"), "alice-3")
    with acting() as session:
        orders = session.scalar(text("SELECT count(*) FROM exchange.orders WHERE user_id = :user AND price = 99"),
                                {"user": USER})
    print(f"retried: {tries} tries, {orders} order")


if __name__ == "__main__":
    main()
