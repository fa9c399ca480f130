// node-postgres. Where the server or the pooler is, and the login, say PGHOST, PGPORT, PGDATABASE and PGUSER.
"use strict";
const { pipeline } = require("node:stream/promises");
const { Readable } = require("node:stream");
const { Pool } = require("pg");
const { from } = require("pg-copy-streams");

const USER = "1"; // who has logged in with the application
const MARKET = "BTC-USD";
const LOST = /^(08|57P01|57P02)/; // what SQLSTATEs of a lost connection begin with
const CUT = "SELECT pg_terminate_backend(pg_backend_pid())";
// JavaScript has no decimals: money is counted in units of 1e-8, of a BigInt. numeric and bigint come as strings.
const units = (text) => {
    const [, sign, whole, rest = ""] = /^(-?)(\d+)(?:\.(\d{1,8}))?$/.exec(text);
    return BigInt(sign + whole + rest.padEnd(8, "0"));
};
const decimal = (units) => String(units).padStart(9, "0").replace(/(\d{8})$/, ".$1");
const ONE = units("1");

const pool = new Pool({ max: 4 });
// A connection that is lost while nobody uses it; the next query takes another one.
pool.on("error", () => {});

// A transaction that acts for the user, on one connection from its begin to its end; `after` comes behind the commit.
async function acting(work, after = () => {}) {
    const db = await pool.connect();
    db.on("error", () => {});
    let lost = null;
    try {
        await db.query("BEGIN");
        await db.query("SELECT identity.act_as($1)", [USER]);
        const answer = await work(db);
        await db.query("COMMIT");
        await after(db);
        return answer;
    } catch (error) {
        lost = error;
        throw error;
    } finally {
        db.release(lost); // one that has failed is closed, and so rolled back
    }
}

async function place(db, price, amount, id) {
    // In FROM, so that the answer has columns. A statement without a name is prepared for its own transaction only.
    const sql = "SELECT * FROM exchange.place_order($1, $2, 'buy', $3, $4, client_order_id => $5)";
    return (await db.query(sql, [USER, MARKET, price, amount, id])).rows[0];
}

// Sends the order until it is answered. The first try loses its connection before the commit, the second after it; the
// client_order_id makes them all one order.
async function placeSurely(price, amount, id) {
    for (let tries = 1; ; tries++) {
        const cut = (db) => db.query(CUT);
        try {
            await acting(
                async (db) => {
                    await place(db, price, amount, id);
                    if (tries === 1) await cut(db);
                },
                tries === 2 ? cut : undefined,
            );
            return tries;
        } catch (error) {
            // Without a SQLSTATE nobody has answered.
            if (/^[0-9A-Z]{5}$/.test(error.code ?? "") && !LOST.test(error.code)) throw error;
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
    const columns = "action, user_id, symbol, side, price, amount, client_order_id";
    const copy = from(`COPY exchange.order_commands (${columns}) FROM STDIN CSV`);
    await acting((db) => pipeline(Readable.from(lines), db.query(copy)));
    // It commits what it does, so it stands in no transaction.
    await pool.query("CALL exchange.match_orders($1)", [MARKET]);
    const counts = `SELECT (SELECT count(*) FROM exchange.orders
                            WHERE user_id = $1 AND client_order_id LIKE 'bulk-%') AS placed,
                           count(*) AS refused, min(sqlstate) AS sqlstate
                    FROM exchange.command_rejections WHERE user_id = $1`;
    const bulk = (await acting((db) => db.query(counts, [USER]))).rows[0];
    console.log(`bulk: ${bulk.placed} placed, ${bulk.refused} refused: ${bulk.sqlstate}`);

    const tries = await placeSurely("99.00", "0.5", "alice-3");
    const count = "SELECT count(*) FROM exchange.orders WHERE user_id = $1 AND price = 99";
    const orders = (await acting((db) => db.query(count, [USER]))).rows[0];
    console.log(`retried: ${tries} tries, ${orders.count} order`);
    await pool.end();
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
