-- What six object-relational mappers send for a new row, word for word as the server saw it; `cargo xtask orms` runs them
-- and compares. Times are all set to 2001: the server's own count.
INSERT INTO identity.users (id, name, db_role) VALUES (7811, 'orm trader', 'regress_orm_trader'), (7812, 'orm maker', NULL);
CREATE ROLE regress_orm_trader LOGIN IN ROLE bourse_trader;
CREATE ROLE regress_orm_admin LOGIN IN ROLE bourse_admin;
SELECT exchange.create_market('ORM-USD', 'ORM', 'USD');
SELECT exchange.deposit(7811, 'USD', 1000) IS NOT NULL AS usd, exchange.deposit(7812, 'ORM', 100) IS NOT NULL AS orm;
SELECT status FROM exchange.place_order(7812, 'ORM-USD', 'sell', 10, 20);
SET SESSION AUTHORIZATION regress_orm_trader;
-- What RETURNING says differs from run to run.
\o /dev/null
-- SQLAlchemy 2.1.9 (Python)
PREPARE sqlalchemy_order AS INSERT INTO exchange.orders (user_id, symbol, side, price, amount, filled_amount, status, order_type, time_in_force, post_only, stop_price, display_amount, client_order_id, self_trade_prevention, expires_at, reserved, maker_rate, taker_rate, priority, accepted_sequence, cancel_reason, created_at, updated_at, quote_amount, accepted_status, visible_amount, triggered_at, ended_at, traded_until) VALUES ($1::BIGINT, $2::VARCHAR, $3::VARCHAR, $4, $5, $6, $7::VARCHAR, $8::VARCHAR, $9::VARCHAR, $10, $11, $12, $13::VARCHAR, $14::VARCHAR, $15::TIMESTAMP WITH TIME ZONE, $16, $17, $18, $19::BIGINT, $20::BIGINT, $21::VARCHAR, $22::TIMESTAMP WITH TIME ZONE, $23::TIMESTAMP WITH TIME ZONE, $24, $25::VARCHAR, $26, $27::TIMESTAMP WITH TIME ZONE, $28::TIMESTAMP WITH TIME ZONE, $29::TIMESTAMP WITH TIME ZONE) RETURNING exchange.orders.id;
EXECUTE sqlalchemy_order ('7811', 'ORM-USD', 'buy', '10', '1', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'sqlalchemy-1', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
PREPARE sqlalchemy_command AS INSERT INTO exchange.order_commands (user_id, client_order_id, action, symbol, side, price, amount, order_type, time_in_force, stop_price, display_amount, quote_amount, post_only, expires_at, self_trade_prevention, created_at) VALUES ($1::BIGINT, $2::VARCHAR, $3::VARCHAR, $4::VARCHAR, $5::VARCHAR, $6, $7, $8::VARCHAR, $9::VARCHAR, $10, $11, $12, $13, $14::TIMESTAMP WITH TIME ZONE, $15::VARCHAR, $16::TIMESTAMP WITH TIME ZONE);
EXECUTE sqlalchemy_command ('7811', 'sqlalchemy-2', 'new', 'ORM-USD', 'buy', '10', '1', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SET SESSION AUTHORIZATION regress_orm_admin;
PREPARE sqlalchemy_user AS INSERT INTO identity.users (name, email, username, email_verified_at, role, is_active, developer_name, developer_bio, developer_website, db_role, created_at, updated_at, last_login, erased_at) VALUES ($1::VARCHAR, $2::VARCHAR, $3::VARCHAR, $4::TIMESTAMP WITH TIME ZONE, $5::VARCHAR, $6, $7::VARCHAR, $8::VARCHAR, $9::VARCHAR, $10::VARCHAR, $11::TIMESTAMP WITH TIME ZONE, $12::TIMESTAMP WITH TIME ZONE, $13::TIMESTAMP WITH TIME ZONE, $14::TIMESTAMP WITH TIME ZONE) RETURNING identity.users.id;
EXECUTE sqlalchemy_user ('sqlalchemy', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
-- Django 5.2.19 (Python)
SET SESSION AUTHORIZATION regress_orm_trader;
PREPARE django_order AS INSERT INTO "exchange"."orders" ("symbol", "side", "price", "amount", "order_type", "time_in_force", "post_only", "stop_price", "display_amount", "quote_amount", "self_trade_prevention", "expires_at", "user_id", "client_order_id", "filled_amount", "status", "reserved", "maker_rate", "taker_rate", "priority", "accepted_sequence", "cancel_reason", "created_at", "updated_at", "accepted_status", "visible_amount", "triggered_at", "ended_at", "traded_until") VALUES ('ORM-USD', 'buy', 10, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 7811, 'django-1', NULL, NULL, 0, 0, 0, 0, NULL, NULL, '2001-01-01 00:00:00+00:00'::timestamptz, '2001-01-01 00:00:00+00:00'::timestamptz, DEFAULT, NULL, NULL, NULL, NULL) RETURNING "exchange"."orders"."id", "exchange"."orders"."accepted_status";
EXECUTE django_order;
PREPARE django_command AS INSERT INTO "exchange"."order_commands" ("symbol", "side", "price", "amount", "order_type", "time_in_force", "post_only", "stop_price", "display_amount", "quote_amount", "self_trade_prevention", "expires_at", "user_id", "client_order_id", "action", "created_at") VALUES ('ORM-USD', 'buy', 10, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 7811, 'django-2', 'new', '2001-01-01 00:00:00+00:00'::timestamptz);
EXECUTE django_command;
SET SESSION AUTHORIZATION regress_orm_admin;
PREPARE django_user AS INSERT INTO "identity"."users" ("name", "email", "username", "email_verified_at", "role", "is_active", "developer_name", "developer_bio", "developer_website", "db_role", "created_at", "updated_at", "last_login", "erased_at") VALUES ('django', NULL, NULL, NULL, NULL, true, NULL, NULL, NULL, NULL, '2001-01-01 00:00:00+00:00'::timestamptz, '2001-01-01 00:00:00+00:00'::timestamptz, NULL, NULL) RETURNING "identity"."users"."id";
EXECUTE django_user;
-- TypeORM 0.3.31 (JavaScript)
SET SESSION AUTHORIZATION regress_orm_trader;
PREPARE typeorm_order AS INSERT INTO "exchange"."orders"("user_id", "symbol", "side", "price", "amount", "order_type", "time_in_force", "post_only", "stop_price", "display_amount", "quote_amount", "self_trade_prevention", "expires_at", "client_order_id", "filled_amount", "status", "reserved", "maker_rate", "taker_rate", "priority", "accepted_sequence", "cancel_reason", "created_at", "updated_at", "accepted_status", "visible_amount", "triggered_at", "ended_at", "traded_until") VALUES ($1, $2, $3, $4, $5, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, $6, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT) RETURNING "id", "created_at", "updated_at";
EXECUTE typeorm_order ('7811', 'ORM-USD', 'buy', '10', '1', 'typeorm-1');
PREPARE typeorm_command AS INSERT INTO "exchange"."order_commands"("user_id", "client_order_id", "action", "symbol", "side", "price", "amount", "order_type", "time_in_force", "post_only", "stop_price", "display_amount", "quote_amount", "self_trade_prevention", "expires_at") VALUES ($1, $2, $3, $4, $5, $6, $7, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT);
EXECUTE typeorm_command ('7811', 'typeorm-2', 'new', 'ORM-USD', 'buy', '10', '1');
SET SESSION AUTHORIZATION regress_orm_admin;
PREPARE typeorm_user AS INSERT INTO "identity"."users"("name", "email", "username", "email_verified_at", "role", "is_active", "developer_name", "developer_bio", "developer_website", "db_role", "created_at", "updated_at", "last_login", "erased_at") VALUES ($1, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT) RETURNING "id", "created_at", "updated_at";
EXECUTE typeorm_user ('typeorm');
-- Sequelize 6.37.8 (JavaScript)
SET SESSION AUTHORIZATION regress_orm_trader;
PREPARE sequelize_order AS INSERT INTO "exchange"."orders" ("id","user_id","symbol","side","price","amount","client_order_id","created_at","updated_at") VALUES (DEFAULT,$1,$2,$3,$4,$5,$6,$7,$8) RETURNING "id","user_id","symbol","side","price","amount","order_type","time_in_force","post_only","stop_price","display_amount","quote_amount","self_trade_prevention","expires_at","client_order_id","filled_amount","status","reserved","maker_rate","taker_rate","priority","accepted_sequence","cancel_reason","accepted_status","visible_amount","triggered_at","ended_at","traded_until","created_at","updated_at";
EXECUTE sequelize_order ('7811', 'ORM-USD', 'buy', '10', '1', 'sequelize-1', '2001-01-01 00:00:00+00:00', '2001-01-01 00:00:00+00:00');
PREPARE sequelize_command AS INSERT INTO "exchange"."order_commands" ("user_id","client_order_id","action","symbol","side","price","amount") VALUES ($1,$2,$3,$4,$5,$6,$7);
EXECUTE sequelize_command ('7811', 'sequelize-2', 'new', 'ORM-USD', 'buy', '10', '1');
SET SESSION AUTHORIZATION regress_orm_admin;
PREPARE sequelize_user AS INSERT INTO "identity"."users" ("id","name","created_at","updated_at") VALUES (DEFAULT,$1,$2,$3) RETURNING "id","name","email","username","email_verified_at","role","is_active","developer_name","developer_bio","developer_website","db_role","last_login","erased_at","created_at","updated_at";
EXECUTE sequelize_user ('sequelize', '2001-01-01 00:00:00+00:00', '2001-01-01 00:00:00+00:00');
-- ActiveRecord 6.1.7.10 (Ruby), every column as Rails 7 sends it
SET SESSION AUTHORIZATION regress_orm_trader;
PREPARE activerecord_order AS INSERT INTO "exchange"."orders" ("user_id", "symbol", "side", "price", "amount", "filled_amount", "status", "order_type", "time_in_force", "post_only", "stop_price", "display_amount", "client_order_id", "self_trade_prevention", "expires_at", "reserved", "maker_rate", "taker_rate", "priority", "accepted_sequence", "cancel_reason", "created_at", "updated_at", "quote_amount", "accepted_status", "visible_amount", "triggered_at", "ended_at", "traded_until") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29) RETURNING "id";
EXECUTE activerecord_order ('7811', 'ORM-USD', 'buy', '10.0', '1.0', '0.0', 'open', 'limit', 'gtc', 'f', NULL, NULL, 'activerecord-1', 'cancel_taker', NULL, '0.0', '0.0', '0.0', '0', '0', NULL, '2001-01-01 00:00:00+00:00', '2001-01-01 00:00:00+00:00', NULL, 'open', NULL, NULL, NULL, NULL);
PREPARE activerecord_command AS INSERT INTO "exchange"."order_commands" ("action", "user_id", "symbol", "client_order_id", "side", "price", "amount", "order_type", "time_in_force", "stop_price", "display_amount", "quote_amount", "post_only", "expires_at", "self_trade_prevention", "created_at") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);
EXECUTE activerecord_command ('new', '7811', 'ORM-USD', 'activerecord-2', 'buy', '10.0', '1.0', 'limit', 'gtc', NULL, NULL, NULL, 'f', NULL, 'cancel_taker', '2001-01-01 00:00:00+00:00');
SET SESSION AUTHORIZATION regress_orm_admin;
PREPARE activerecord_user AS INSERT INTO "identity"."users" ("name", "email", "username", "email_verified_at", "role", "is_active", "developer_name", "developer_bio", "developer_website", "db_role", "created_at", "updated_at", "last_login", "erased_at") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING "id";
EXECUTE activerecord_user ('activerecord', NULL, NULL, NULL, 'trader', 't', NULL, NULL, NULL, NULL, '2001-01-01 00:00:00+00:00', '2001-01-01 00:00:00+00:00', NULL, NULL);
-- Eloquent 8.83.26 (PHP)
SET SESSION AUTHORIZATION regress_orm_trader;
PREPARE eloquent_order AS insert into "exchange"."orders" ("user_id", "symbol", "side", "price", "amount", "client_order_id", "updated_at", "created_at") values ($1, $2, $3, $4, $5, $6, $7, $8) returning "id";
EXECUTE eloquent_order ('7811', 'ORM-USD', 'buy', '10', '1', 'eloquent-1', '2001-01-01 00:00:00+00:00', '2001-01-01 00:00:00+00:00');
PREPARE eloquent_command AS insert into "exchange"."order_commands" ("user_id", "symbol", "side", "price", "amount", "action", "client_order_id", "created_at") values ($1, $2, $3, $4, $5, $6, $7, $8);
EXECUTE eloquent_command ('7811', 'ORM-USD', 'buy', '10', '1', 'new', 'eloquent-2', '2001-01-01 00:00:00+00:00');
SET SESSION AUTHORIZATION regress_orm_admin;
PREPARE eloquent_user AS insert into "identity"."users" ("name", "updated_at", "created_at") values ($1, $2, $3) returning "id";
EXECUTE eloquent_user ('eloquent', '2001-01-01 00:00:00+00:00', '2001-01-01 00:00:00+00:00');
\o
RESET SESSION AUTHORIZATION;
CALL exchange.match_orders();
SELECT client_order_id, side, price, amount, order_type, time_in_force, post_only, self_trade_prevention, status, filled_amount
FROM exchange.orders WHERE user_id = 7811 ORDER BY client_order_id;
SELECT count(*) AS refused_commands FROM exchange.command_rejections WHERE user_id = 7811;
SELECT name, role, is_active, is_admin FROM identity.users WHERE name IN ('sqlalchemy', 'django', 'typeorm', 'sequelize', 'activerecord', 'eloquent') ORDER BY name;
-- The server's time counts for an order and a command, an admin's for a user: that is how users are brought along.
SELECT count(*) AS orders_of_the_past FROM exchange.orders WHERE user_id = 7811 AND (created_at < now() - interval '1 hour' OR updated_at < created_at);
SELECT count(*) AS users_of_the_past FROM identity.users WHERE name IN ('sqlalchemy', 'django', 'typeorm', 'sequelize', 'activerecord', 'eloquent') AND created_at < now() - interval '1 hour';
SELECT * FROM exchange.verify();
