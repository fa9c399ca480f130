// How much stands between here and each price.

import { get, market } from "./api";
import { byId } from "./dom";
import { Plot } from "./plots";

interface Row {
  side: "buy" | "sell";
  price: string;
  amount: string;
}

/** The book beyond what the ladder shows moves less: it is read so often, while somebody looks. */
const PACE = 5000;
const LEVELS = 150;

export class Depth {
  private symbol = "";
  private readonly plot = new Plot(
    byId("depth"),
    [
      { label: "bids", colour: "up", fill: "up-soft", stepped: "before" },
      { label: "asks", colour: "down", fill: "down-soft", stepped: "after" },
    ],
    false,
  );

  constructor() {
    setInterval(() => {
      if (!document.hidden) void this.load();
    }, PACE);
  }

  open(symbol: string): void {
    this.symbol = symbol;
    void this.load();
  }

  private async load(): Promise<void> {
    const symbol = this.symbol;
    if (symbol === "") return;
    const rows = await get<Row[]>(`${market(symbol)}/depth?levels=${LEVELS}`).catch(() => []);
    if (symbol !== this.symbol) return;
    const bids = cumulated(rows.filter((row) => row.side === "buy"));
    const asks = cumulated(rows.filter((row) => row.side === "sell"));
    bids.reverse();
    const prices = [...bids, ...asks].map(([price]) => price);
    const none = <T>(list: T[]): null[] => list.map(() => null);
    this.plot.set([
      prices,
      [...bids.map(([, size]) => size), ...none(asks)],
      [...none(bids), ...asks.map(([, s]) => s)],
    ]);
    byId("depth-note").textContent = `${bids.length} + ${asks.length} levels`;
  }
}

function cumulated(rows: Row[]): [number, number][] {
  let total = 0;
  return rows.map((row) => [Number(row.price), (total += Number(row.amount))]);
}
