// Sequelize: an order, a command for the inbox and a user, each as a model with every column of its table.
"use strict";
const { Sequelize, DataTypes } = require("sequelize");

const { BIGINT, BOOLEAN, DATE, DECIMAL, TEXT } = DataTypes;
const drawn = { type: BIGINT, primaryKey: true, autoIncrement: true };
const options = { createdAt: "created_at", updatedAt: "updated_at" };
const terms = {
    symbol: TEXT, side: TEXT, price: DECIMAL, amount: DECIMAL, order_type: TEXT, time_in_force: TEXT, post_only: BOOLEAN,
    stop_price: DECIMAL, display_amount: DECIMAL, quote_amount: DECIMAL, self_trade_prevention: TEXT, expires_at: DATE,
};
const order = {
    id: drawn, user_id: BIGINT, ...terms, client_order_id: TEXT, filled_amount: DECIMAL, status: TEXT, reserved: DECIMAL,
    maker_rate: DECIMAL, taker_rate: DECIMAL, priority: BIGINT, accepted_sequence: BIGINT, cancel_reason: TEXT,
    accepted_status: TEXT, visible_amount: DECIMAL, triggered_at: DATE, ended_at: DATE, traded_until: DATE,
};
// The inbox is not for reading: the key of a command is the user's own id for it, and nothing is returned.
const command = { user_id: { type: BIGINT, primaryKey: true }, client_order_id: { type: TEXT, primaryKey: true }, action: TEXT, ...terms };
const user = {
    id: drawn, name: TEXT, email: TEXT, username: TEXT, email_verified_at: DATE, role: TEXT, is_active: BOOLEAN,
    developer_name: TEXT, developer_bio: TEXT, developer_website: TEXT, db_role: TEXT, last_login: DATE, erased_at: DATE,
};

async function as(login, work) {
    const { PGHOST: host, PGPORT: port, PGDATABASE: database } = process.env;
    const sequelize = new Sequelize(database, login, null, { dialect: "postgres", host, port, logging: false });
    try {
        await work(sequelize);
    } finally {
        await sequelize.close();
    }
}

async function main() {
    const given = { user_id: process.env.ORM_USER_ID, symbol: "ORM-USD", side: "buy", price: "10", amount: "1" };
    await as(process.env.ORM_TRADER, async (sequelize) => {
        const Order = sequelize.define("Order", order, { ...options, schema: "exchange", tableName: "orders" });
        const placed = await Order.create({ ...given, client_order_id: "sequelize-1" });
        await placed.reload();
        console.log("order", placed.status, placed.filled_amount);
        const Command = sequelize.define("Command", command, { timestamps: false, schema: "exchange", tableName: "order_commands" });
        await Command.create({ ...given, action: "new", client_order_id: "sequelize-2" }, { returning: false });
    });
    await as(process.env.ORM_ADMIN, async (sequelize) => {
        const User = sequelize.define("User", user, { ...options, schema: "identity", tableName: "users" });
        const made = await User.create({ name: "sequelize" });
        await made.reload();
        console.log("user", made.role, made.is_active);
    });
}

main().catch((error) => {
    console.error(String(error));
    process.exit(1);
});
