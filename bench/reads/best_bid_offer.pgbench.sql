select * from exchange.best_bid_offer(:symbol);
