// TypeORM: an order, a command for the inbox and a user, each as an entity with every column of its table.
"use strict";
const { DataSource, EntitySchema } = require("typeorm");

const money = { type: "numeric", nullable: true };
const text = { type: "text", nullable: true };
const time = { type: "timestamptz", nullable: true };
const bool = { type: "boolean", nullable: true };
const whole = { type: "bigint", nullable: true };
const drawn = { type: "bigint", primary: true, generated: "increment" };
const made = { created_at: { type: "timestamptz", createDate: true }, updated_at: { type: "timestamptz", updateDate: true } };
const terms = {
    symbol: text, side: text, price: money, amount: money, order_type: text, time_in_force: text, post_only: bool,
    stop_price: money, display_amount: money, quote_amount: money, self_trade_prevention: text, expires_at: time,
};

const Order = new EntitySchema({
    name: "Order", schema: "exchange", tableName: "orders",
    columns: {
        id: drawn, user_id: whole, ...terms, client_order_id: text, filled_amount: money, status: text, reserved: money,
        maker_rate: money, taker_rate: money, priority: whole, accepted_sequence: whole, cancel_reason: text, ...made,
        accepted_status: text, visible_amount: money, triggered_at: time, ended_at: time, traded_until: time,
    },
});
// The inbox is not for reading: the key of a command is the user's own id for it.
const Command = new EntitySchema({
    name: "Command", schema: "exchange", tableName: "order_commands",
    columns: { user_id: { type: "bigint", primary: true }, client_order_id: { type: "text", primary: true }, action: text, ...terms },
});
const User = new EntitySchema({
    name: "User", schema: "identity", tableName: "users",
    columns: {
        id: drawn, name: text, email: text, username: text, email_verified_at: time, role: text, is_active: bool,
        developer_name: text, developer_bio: text, developer_website: text, db_role: text, ...made, last_login: time, erased_at: time,
    },
});

async function as(login, work) {
    const source = new DataSource({
        type: "postgres", host: process.env.PGHOST, port: Number(process.env.PGPORT), database: process.env.PGDATABASE,
        username: login, entities: [Order, Command, User], installExtensions: false,
    });
    await source.initialize();
    try {
        await work(source.manager);
    } finally {
        await source.destroy();
    }
}

async function main() {
    const given = { user_id: process.env.ORM_USER_ID, symbol: "ORM-USD", side: "buy", price: "10", amount: "1" };
    await as(process.env.ORM_TRADER, async (manager) => {
        const { id } = await manager.save(Order, { ...given, client_order_id: "typeorm-1" });
        const order = await manager.findOneByOrFail(Order, { id });
        console.log("order", order.status, order.filled_amount);
        await manager.insert(Command, { ...given, action: "new", client_order_id: "typeorm-2" });
    });
    await as(process.env.ORM_ADMIN, async (manager) => {
        const { id } = await manager.save(User, { name: "typeorm" });
        const user = await manager.findOneByOrFail(User, { id });
        console.log("user", user.role, user.is_active);
    });
}

main().catch((error) => {
    console.error(String(error));
    process.exit(1);
});
