// Drizzle over node-postgres. Where the server or the pooler is, and the login, say PGHOST, PGPORT, PGDATABASE and
// PGUSER.
"use strict";
const { sql } = require("drizzle-orm");
const { drizzle } = require("drizzle-orm/node-postgres");
const { bigint, numeric, pgSchema, text } = require("drizzle-orm/pg-core");
const { Pool } = require("pg");

const USER = 1n; // who has logged in with the application
const MARKET = "BTC-USD";
const LOST = /^(08|57P01|57P02)/; // what SQLSTATEs of a lost connection begin with
const CUT = sql`SELECT pg_terminate_backend(pg_backend_pid())`;
// JavaScript has no decimals: money is counted in units of 1e-8, of a BigInt. A numeric comes as a string.
const units = (text) => {
    const [, sign, whole, rest = ""] = /^(-?)(\d+)(?:\.(\d{1,8}))?$/.exec(text);
    return BigInt(sign + whole + rest.padEnd(8, "0"));
};
const decimal = (units) => String(units).padStart(9, "0").replace(/(\d{8})$/, ".$1");
const ONE = units("1");
// The inbox takes any column, and shows none: an INSERT without RETURNING.
const commands = pgSchema("exchange").table("order_commands", {
    action: text().notNull(),
    userId: bigint("user_id", { mode: "bigint" }).notNull(),
    symbol: text(),
    side: text(),
    price: numeric(),
    amount: numeric(),
    clientOrderId: text("client_order_id"),
});

const pool = new Pool({ max: 4 });
// A connection that is lost while nobody uses it, or in a transaction; the query that has it fails as well.
pool.on("error", () => {});
pool.on("connect", (client) => client.on("error", () => {}));
const db = drizzle(pool);

// A transaction that acts for the user: the pooler gives it one connection, to its end.
const acting = (work) =>
    db.transaction(async (tx) => {
        await tx.execute(sql`SELECT identity.act_as(${USER})`);
        return work(tx);
    });

async function place(tx, price, amount, id) {
    // In FROM, so that the answer has columns.
    const answer = await tx.execute(sql`
        SELECT * FROM exchange.place_order(${USER}, ${MARKET}, 'buy', ${price}, ${amount}, client_order_id => ${id})`);
    return answer.rows[0];
}

// Sends the order until it is answered. The first try loses its connection before the commit, the second after it; the
// client_order_id makes them all one order.
async function placeSurely(price, amount, id) {
    for (let tries = 1; ; tries++) {
        try {
            await acting(async (tx) => {
                await place(tx, price, amount, id);
                if (tries === 1) await tx.execute(CUT);
            });
            if (tries === 2) await db.execute(CUT);
            return tries;
        } catch (error) {
            // What the driver has raised is the cause. Without a SQLSTATE nobody has answered.
            const code = (error.cause ?? error).code ?? "";
            if (/^[0-9A-Z]{5}$/.test(code) && !LOST.test(code)) throw error;
        }
    }
}

async function main() {
    const order = await acting((tx) => place(tx, "100.10", decimal(units("0.1") + units("0.2")), "alice-1"));
    console.log(`order: ${order.status}, ${order.filled_amount} filled, ${order.remaining_amount} remaining`);
    const paid = (units(order.filled_amount) * units(order.average_price)) / ONE + units(order.commission);
    console.log(`paid: ${decimal(paid)} USD`);

    try {
        await acting((tx) => place(tx, "100.10", "1000", "alice-2"));
    } catch (error) {
        console.log(`refused: ${error.cause.code} ${error.cause.hint}`);
    }

    // What is wrong with a line is told when it is carried out. Drizzle has no COPY: one INSERT of all lines.
    const price = (n) => (n === 1000 ? "1.001" : "1.00");
    const lines = Array.from({ length: 1000 }, (_, i) => ({
        action: "new", userId: USER, symbol: MARKET, side: "buy", price: price(i + 1), amount: "0.01",
        clientOrderId: `bulk-${i + 1}`,
    }));
    await acting((tx) => tx.insert(commands).values(lines));
    // It commits what it does, so it stands in no transaction.
    await db.execute(sql`CALL exchange.match_orders(${MARKET})`);
    const counted = await acting((tx) => tx.execute(sql`
        SELECT (SELECT count(*) FROM exchange.orders
                WHERE user_id = ${USER} AND client_order_id LIKE 'bulk-%') AS placed,
               count(*) AS refused, min(sqlstate) AS sqlstate
        FROM exchange.command_rejections WHERE user_id = ${USER}`));
    const bulk = counted.rows[0];
    console.log(`bulk: ${bulk.placed} placed, ${bulk.refused} refused: ${bulk.sqlstate}`);

    const tries = await placeSurely("99.00", "0.5", "alice-3");
    const orders = await acting((tx) => tx.execute(sql`
        SELECT count(*) FROM exchange.orders WHERE user_id = ${USER} AND price = 99`));
    console.log(`retried: ${tries} tries, ${orders.rows[0].count} order`);
    await pool.end();
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
