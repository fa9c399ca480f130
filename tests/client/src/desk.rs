//! What is traded at brokers: somebody leads whom all others follow, and each of them has a row in every table of the
//! mirror. What is paid on our own exchange is paid in EUR.

use crate::{Result, Session};

/// Who leads, his account and his group, and who sells to those who follow him.
pub struct Desk {
    lead: i64,
    account: i64,
    group: i64,
    maker: i64,
}

impl Desk {
    /// Somebody leads, with a group that nobody follows yet.
    pub fn open(root: &mut Session) -> Result<Desk> {
        root.market("ETH-EUR")?;
        let lead = root.number("SELECT identity.register('the lead')")?;
        let maker = root.number("SELECT identity.register('the maker')")?;
        let account = root.number(&format!("SELECT mirror.create_account({lead}, 'the lead account', 'Zerodha')"))?;
        let group = root.number(&format!("SELECT mirror.create_group({lead}, 'the lead group', {account})"))?;
        root.run(&format!("SELECT exchange.deposit({lead}, 'EUR', 1000), exchange.deposit({maker}, 'ETH', 100)"))?;
        Ok(Desk { lead, account, group, maker })
    }

    /// Two accounts with all that brokers report, one of which has failed; a group of the user's own, a strategy at
    /// work, and the desk's group followed.
    pub fn furnish(&self, root: &mut Session, user: i64, name: &str) -> Result<()> {
        let group = self.group;
        root.run(&format!(
            "DO $$
             DECLARE
                 account bigint := mirror.create_account({user}, '{name} account', 'Zerodha', is_primary => true);
                 spare bigint := mirror.create_account({user}, '{name} spare', 'Upstox');
                 strategy bigint := mirror.create_strategy({user}, '{name} strategy');
                 deployment bigint := mirror.deploy_strategy(strategy, account);
                 follower bigint;
             BEGIN
                 PERFORM mirror.start_deployment(deployment), mirror.open_position(deployment, 'NSE', '{name}'),
                         mirror.set_failover_settings(account, cooldown => '1 minute'),
                         mirror.subscribe(account, 'NSE', '{name}'), mirror.connect(account, '{name} name'),
                         mirror.connect(spare, '{name} spare name');
                 PERFORM mirror.report_failure(account, '{name} is down') FROM generate_series(1, 3);
                 PERFORM mirror.sync_orders(a, '[
                             {{\"orderid\": \"{name} old\", \"symbol\": \"TCS\", \"exchange\": \"NSE\",
                               \"action\": \"BUY\", \"quantity\": 1, \"price\": 5, \"pricetype\": \"LIMIT\",
                               \"order_status\": \"complete\", \"timestamp\": \"02-Jan-2025 09:15:00\"}},
                             {{\"orderid\": \"{name} order\", \"symbol\": \"TCS\", \"exchange\": \"NSE\",
                               \"action\": \"BUY\", \"quantity\": 1, \"price\": 5, \"pricetype\": \"LIMIT\",
                               \"order_status\": \"open\"}}]', now()),
                         mirror.sync_positions(a, '[
                             {{\"symbol\": \"{name}\", \"exchange\": \"NSE\", \"product\": \"MIS\",
                               \"quantity\": 1, \"average_price\": 5}}]', now()),
                         mirror.sync_holdings(a, '[
                             {{\"symbol\": \"{name}\", \"exchange\": \"NSE\", \"quantity\": 1,
                               \"average_price\": 5}}]', now())
                 FROM unnest(ARRAY[account, spare]) a;
                 PERFORM mirror.record_execution(a, '{name} old', '{name} execution', 1, 5, now())
                 FROM unnest(ARRAY[account, spare]) a;
                 PERFORM mirror.create_group({user}, '{name} group', spare), mirror.share_group({group}, {user});
                 follower := mirror.add_follower({group}, account, 'custom');
                 PERFORM mirror.set_ratio(follower, 'NSE', 'INFY', 1),
                         mirror.set_ratio(follower, 'BOURSE', 'ETH-EUR', 1),
                         mirror.report_funds(account, 1000), mirror.follow_on_exchange(follower, true);
             END $$"
        ))
    }

    /// Old orders are archived, failed accounts left; the lead orders, and of everybody one order has filled, one was
    /// cancelled, one is with a sender, and one waits; on our own exchange one has filled, and one rests.
    pub fn trade(&self, root: &mut Session) -> Result<()> {
        let Desk { lead, account, group, maker } = *self;
        root.run(&format!(
            "SELECT mirror.archive_orders(), mirror.sweep();
             INSERT INTO mirror.orders (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type,
                                        price, product, status, placed_at)
             SELECT {account}, {lead}, 'of the lead ' || n, 'NSE', 'INFY', 'BUY', 10, 'LIMIT', 100, 'MIS', 'OPEN',
                    clock_timestamp() + n * interval '1 ms'
             FROM generate_series(1, 4) n"
        ))?;
        let copy = |n: u8| {
            format!(
                "SELECT mirror.copy_order(id) FROM mirror.orders
                 WHERE account_id = {account} AND order_id = 'of the lead {n}'"
            )
        };
        root.run(&format!("{}; {}", copy(1), copy(2)))?;
        root.run(&format!(
            "SELECT mirror.ack_order(c.lease, c.order_id, split_part(a.account_name, ' ', 1) || ' ' || c.order_id)
             FROM mirror.claim_orders('the sender', 1000) c JOIN mirror.trading_accounts a ON a.id = c.account_id;
             UPDATE mirror.orders o
             SET status = CASE WHEN l.order_id LIKE '% 1' THEN 'EXECUTED' ELSE 'CANCELLED' END,
                 filled_quantity = CASE WHEN l.order_id LIKE '% 1' THEN o.quantity ELSE 0 END
             FROM mirror.copied_orders p JOIN mirror.copies c ON c.id = p.copy_id
             JOIN mirror.orders l ON l.id = c.leader_order_id
             WHERE o.account_id = p.account_id AND o.order_id = p.broker_order_id;
             SELECT mirror.settle_copies();
             {};
             SELECT mirror.claim_orders('the sender', 1000, '10 minutes');
             {};
             SELECT exchange.place_order({maker}, 'ETH-EUR', 'sell', 1, 100);
             SELECT mirror.copy_on_exchange({group}, 'ETH-EUR', 'buy', 1, 2);
             SELECT mirror.copy_on_exchange({group}, 'ETH-EUR', 'buy', 0.5, 2)",
            copy(3),
            copy(4)
        ))
    }
}
