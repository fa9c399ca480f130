// What the endpoints answer with. Every amount, price and id is a string.

export interface Ticker {
  last: string | null;
  bid: string | null;
  ask: string | null;
  high_24h: string | null;
  low_24h: string | null;
  volume_24h: string;
  quote_volume_24h: string;
  change_24h: string | null;
  change_percent_24h: string | null;
  trades_24h: string;
}

export interface Market {
  symbol: string;
  base: string;
  quote: string;
  tick_size: string;
  lot_size: string;
  maker_rate: string;
  taker_rate: string;
  status: string;
  status_reason: string | null;
  ticker: Ticker;
}

export interface Trade {
  sequence: string;
  price: string;
  amount: string;
  side: "buy" | "sell";
  at: string;
}

/** Side (b or s), price, amount, number of orders. */
export type Level = ["b" | "s", string, string, number];

export interface Update {
  sequence: string;
  trades: Trade[];
  book?: Level[];
  ticker?: Ticker;
}

export interface Candle {
  at: number;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
}

export interface Order {
  id: string;
  symbol: string;
  side: "buy" | "sell";
  order_type: string;
  time_in_force: string;
  status: string;
  price: string | null;
  stop_price: string | null;
  amount: string | null;
  filled_amount: string;
  quote_amount: string | null;
  post_only: boolean;
  created_at: string;
}

export interface ClosedOrder extends Order {
  cancel_reason: string | null;
  ended_at: string;
}

/** A command of the inbox that was refused. */
export interface Refused {
  id: string;
  action: string | null;
  symbol: string | null;
  side: "buy" | "sell" | null;
  price: string | null;
  amount: string | null;
  sqlstate: string;
  reason: string;
  hint: string | null;
  rejected_at: string;
}

export interface Result {
  id: string | null;
  status: string;
  filled_amount: string;
  remaining_amount: string | null;
  average_price: string | null;
  commission: string;
  cancel_reason: string | null;
}

export interface Preview {
  filled_amount: string;
  remaining_amount: string | null;
  average_price: string | null;
  commission: string;
  reserved: string | null;
  reserved_asset: string;
}

export interface OwnLevel {
  side: "buy" | "sell";
  price: string;
  amount: string;
}
