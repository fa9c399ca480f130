//! What is sold and bought in the marketplace: a shop that sells bots to all, a customer who buys everybody's, and
//! of everybody in the house a row in each table. What is paid is paid in EUR: the house knows its USD by the digits.

use crate::{Result, Session};

/// A shop with a bot that is bought and another that is offered under registrations, and a customer.
pub struct Market {
    shop: i64,
    customer: i64,
    bot: i64,
    offered: i64,
}

impl Market {
    pub fn open(root: &mut Session) -> Result<Market> {
        let shop = root.number("SELECT identity.register('the shop', role => 'developer')")?;
        let customer = root.number("SELECT identity.register('the customer')")?;
        let (bot, offered) = (sold(root, shop, "the shop")?, sold(root, shop, "the shop")?);
        root.run(&format!(
            "SELECT marketplace.create_promotion({shop}, 'OPENING', 'PERCENTAGE', 10, max_uses_per_user => NULL)"
        ))?;
        root.run(&format!("SELECT exchange.deposit({customer}, 'EUR', 1000), exchange.deposit({shop}, 'EUR', 1000)"))?;
        Ok(Market { shop, customer, bot, offered })
    }

    /// Everything that a seller and buyer can have. The bot that everybody sees does not say whose it is.
    pub fn furnish(&self, root: &mut Session, user: i64, name: &str) -> Result<()> {
        let Market { shop, customer, bot, offered } = *self;
        root.run(&format!(
            "UPDATE identity.users SET role = 'developer' WHERE id = {user};
             SELECT exchange.deposit({user}, 'EUR', 1000);
             SELECT marketplace.submit_bot({user}, '{name} secret bot', '{name} waits', 'ML', NULL, '{{}}',
                                           '{{\"of\": \"{name}\"}}', code_path => '{name} code');
             SELECT marketplace.register_bot('{name} principal', {offered}, '{name} offer', '{name} describes')"
        ))?;
        let own = sold(root, user, name)?;
        root.run(&format!(
            "DO $$
             DECLARE
                 sold bigint;
                 bought bigint;
                 trade bigint;
             BEGIN
                 PERFORM marketplace.create_promotion({user}, '{name}-CODE', 'PERCENTAGE', 10);
                 SELECT s.id INTO sold FROM marketplace.subscribe({customer}, {own}, 'of the customer', 'BINANCE',
                     'BTC/USDT', '1h', '{{}}', '{{}}') s;
                 SELECT s.id INTO bought FROM marketplace.subscribe({user}, {bot}, '{name} instance', 'KRAKEN',
                     'ETH/USDT', '4h', '{{}}', '{{}}', '{{\"of\": \"{name}\"}}', promotion_code => 'OPENING',
                     client_id => '{name} request', principal_id => '{name} principal') s;
                 PERFORM marketplace.subscribe({user}, {bot}, '{name} trial', 'KRAKEN', 'ETH/USDT', '4h', '{{}}', '{{}}',
                                               plan => 'trial');
                 trade := marketplace.open_trade(bought, 'BUY', 2, 10, exchange_order_id => '{name} order',
                                                 exchange_trade_id => '{name} trade');
                 PERFORM marketplace.close_trade(trade, 11), marketplace.open_trade(bought, 'BUY', 1, 10),
                         marketplace.open_trade(sold, 'BUY', 1, 10),
                         marketplace.log_performance(bought, 'HOLD', 1, 0, 1, '{{\"of\": \"{name}\"}}'),
                         marketplace.review_bot({user}, {bot}, 4),
                         marketplace.refund(i.id, 1, '{name} was right', '{name} refund')
                 FROM marketplace.invoices i WHERE i.user_id = {user} AND i.developer_id = {shop};
             END $$;
             SELECT marketplace.sweep_commission({user}, 'EUR');
             SELECT marketplace.refresh_bot_performance('2000-01-01', '2100-01-01')"
        ))
    }
}

/// A bot of somebody that everybody sees, with its price in EUR; nobody but its developer learns where its code is.
fn sold(root: &mut Session, user: i64, name: &str) -> Result<i64> {
    let bot = root.number(&format!(
        "SELECT marketplace.submit_bot({user}, 'A bot', 'It is sold', 'TECHNICAL', 'Arbitrage', '{{}}', '{{}}', 10,
                                       '{name} code', '{name} model', '{{\"of\": \"{name}\"}}')"
    ))?;
    root.run(&format!(
        "SELECT marketplace.approve_bot({bot}, '{name} may');
         SELECT marketplace.create_plan({bot}, 'month', 10, 'EUR')"
    ))?;
    Ok(bot)
}
