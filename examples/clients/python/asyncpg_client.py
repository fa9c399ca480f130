"""asyncpg. Where the server or the pooler is, and the login, say PGHOST, PGPORT, PGDATABASE and PGUSER."""
import asyncio
import contextlib
from decimal import Decimal

import asyncpg

USER = 1  # who has logged in with the application
MARKET = "BTC-USD"
LOST = ("08", "57P01", "57P02")  # what SQLSTATEs of a lost connection begin with
CUT = "SELECT pg_terminate_backend(pg_backend_pid())"
COMMAND = ["action", "user_id", "symbol", "side", "price", "amount", "client_order_id"]


async def connect():
    # Without the cache no prepared statement outlives its transaction: behind a pooler the next one may have another
    # connection.
    return await asyncpg.connect(statement_cache_size=0)


@contextlib.asynccontextmanager
async def acting(db):
    """A transaction that acts for the user: the pooler gives it one connection, to its end."""
    async with db.transaction():
        await db.execute("SELECT identity.act_as($1)", USER)
        yield


async def place(db, price, amount, client_order_id):
    # In FROM, so that the answer has columns. A numeric is a Decimal; of a float asyncpg would send all its digits.
    return await db.fetchrow("SELECT * FROM exchange.place_order($1, $2, 'buy', $3, $4, client_order_id => $5)",
                             USER, MARKET, price, amount, client_order_id)


async def place_surely(price, amount, client_order_id):
    """Sends the order until it is answered. The first try loses its connection before the commit, the second after
    it; the client_order_id makes them all one order."""
    for tries, cut in enumerate(["before", "after", "never"], start=1):
        db = await connect()
        try:
            async with acting(db):
                order = await place(db, price, amount, client_order_id)
                if cut == "before":
                    await db.execute(CUT)
            if cut == "after":
                await db.execute(CUT)
            return order, tries
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            # What has no SQLSTATE nobody has answered.
            state = getattr(error, "sqlstate", None)
            if state is not None and not state.startswith(LOST):
                raise
        finally:
            db.terminate()


async def main():
    db = await connect()

    async with acting(db):
        order = await place(db, Decimal("100.10"), Decimal("0.1") + Decimal("0.2"), "alice-1")
    print(f"order: {order['status']}, {order['filled_amount']} filled, {order['remaining_amount']} remaining")
    paid = order["filled_amount"] * order["average_price"] + order["commission"]
    print(f"paid: {paid:.8f} USD")

    try:
        async with acting(db):
            await place(db, Decimal("100.10"), Decimal("1000"), "alice-2")
    except asyncpg.PostgresError as error:
        print(f"refused: {error.sqlstate} {error.hint}")

    # The inbox takes anything; what is wrong with a line is told when it is carried out.
    prices = {1000: Decimal("1.001")}
    rows = [("new", USER, MARKET, "buy", prices.get(n, Decimal("1.00")), Decimal("0.01"), f"bulk-{n}")
            for n in range(1, 1001)]
    async with acting(db):
        await db.copy_records_to_table("order_commands", schema_name="exchange", columns=COMMAND, records=rows)
    # It commits what it does, so it stands in no transaction.
    await db.execute("CALL exchange.match_orders($1)", MARKET)
    async with acting(db):
        bulk = await db.fetchrow("""SELECT (SELECT count(*) FROM exchange.orders
                                            WHERE user_id = $1 AND client_order_id LIKE 'bulk-%') AS placed,
                                           count(*) AS refused, min(sqlstate) AS sqlstate
                                    FROM exchange.command_rejections WHERE user_id = $1""", USER)
    print(f"bulk: {bulk['placed']} placed, {bulk['refused']} refused: {bulk['sqlstate']}")

    _, tries = await place_surely(Decimal("99.00"), Decimal("0.5"), "alice-3")
    async with acting(db):
        orders = await db.fetchval("SELECT count(*) FROM exchange.orders WHERE user_id = $1 AND price = 99", USER)
    print(f"retried: {tries} tries, {orders} order")
    await db.close()


if __name__ == "__main__":
    asyncio.run(main())
