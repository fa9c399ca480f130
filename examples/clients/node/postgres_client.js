// postgres.js. Where the server or the pooler is, and the login, say PGHOST, PGPORT, PGDATABASE and PGUSER.
"use strict";
const { pipeline } = require("node:stream/promises");
const { Readable } = require("node:stream");
const postgres = require("postgres");

const USER = "1"; // who has logged in with the application
const MARKET = "BTC-USD";
const LOST = /^(08|57P01|57P02)/; // what SQLSTATEs of a lost connection begin with
// JavaScript has no decimals: money is counted in units of 1e-8, of a BigInt. numeric and bigint come as strings.
const units = (text) => {
    const [, sign, whole, rest = ""] = /^(-?)(\d+)(?:\.(\d{1,8}))?$/.exec(text);
    return BigInt(sign + whole + rest.padEnd(8, "0"));
};
const decimal = (units) => String(units).padStart(9, "0").replace(/(\d{8})$/, ".$1");
const ONE = units("1");

// No prepared statement has a name: behind a pooler the next transaction may have another connection.
const sql = postgres({ max: 4, prepare: false });

// Without a SQLSTATE nobody has answered.
const isLost = (error) => LOST.test(error.code) || !/^[0-9A-Z]{5}$/.test(error.code ?? "");

// A transaction that acts for the user: the pooler gives it one connection, to its end.
const acting = (work) =>
    sql.begin(async (db) => {
        try {
            await db`SELECT identity.act_as(${USER})`;
            return await work(db);
        } catch (error) {
            // begin() fails by itself when its connection closes. To tell it the error would have 3.4.9 send a ROLLBACK
            // there, which ends the whole process (porsager/postgres#1154).
            if (isLost(error)) await new Promise(() => {});
            throw error;
        }
    });

async function place(db, price, amount, id) {
    // In FROM, so that the answer has columns.
    const rows = await db`
        SELECT * FROM exchange.place_order(${USER}, ${MARKET}, 'buy', ${price}, ${amount}, client_order_id => ${id})`;
    return rows[0];
}

// Sends the order until it is answered. The first try loses its connection before the commit, the second after it; the
// client_order_id makes them all one order.
async function placeSurely(price, amount, id) {
    for (let tries = 1; ; tries++) {
        const cut = (db) => db`SELECT pg_terminate_backend(pg_backend_pid())`;
        try {
            await acting(async (db) => {
                await place(db, price, amount, id);
                if (tries === 1) await cut(db);
            });
            if (tries === 2) await cut(sql);
            return tries;
        } catch (error) {
            if (!isLost(error)) throw error;
        }
    }
}

async function main() {
    const order = await acting((db) => place(db, "100.10", decimal(units("0.1") + units("0.2")), "alice-1"));
    console.log(`order: ${order.status}, ${order.filled_amount} filled, ${order.remaining_amount} remaining`);
    const paid = (units(order.filled_amount) * units(order.average_price)) / ONE + units(order.commission);
    console.log(`paid: ${decimal(paid)} USD`);

    try {
        await acting((db) => place(db, "100.10", "1000", "alice-2"));
    } catch (error) {
        console.log(`refused: ${error.code} ${error.hint}`);
    }

    // The inbox takes anything; what is wrong with a line is told when it is carried out.
    const line = (n) => `new,${USER},${MARKET},buy,${n === 1000 ? "1.001" : "1.00"},0.01,bulk-${n}\n`;
    const lines = Array.from({ length: 1000 }, (_, i) => line(i + 1));
    await acting(async (db) => {
        const inbox = await db`
            COPY exchange.order_commands (action, user_id, symbol, side, price, amount, client_order_id)
            FROM STDIN CSV`.writable();
        await pipeline(Readable.from(lines), inbox);
    });
    // It commits what it does, so it stands in no transaction.
    await sql`CALL exchange.match_orders(${MARKET})`;
    const [bulk] = await acting((db) => db`
        SELECT (SELECT count(*) FROM exchange.orders
                WHERE user_id = ${USER} AND client_order_id LIKE 'bulk-%') AS placed,
               count(*) AS refused, min(sqlstate) AS sqlstate
        FROM exchange.command_rejections WHERE user_id = ${USER}`);
    console.log(`bulk: ${bulk.placed} placed, ${bulk.refused} refused: ${bulk.sqlstate}`);

    const tries = await placeSurely("99.00", "0.5", "alice-3");
    const [orders] = await acting((db) => db`
        SELECT count(*) FROM exchange.orders WHERE user_id = ${USER} AND price = 99`);
    console.log(`retried: ${tries} tries, ${orders.count} order`);
    await sql.end();
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
