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
    const [bids, asks] = near(
      cumulated(rows.filter((row) => row.side === "buy")),
      cumulated(rows.filter((row) => row.side === "sell")),
    );
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

type Points = [number, number][];

/** What lies far beyond the end of the other side would press the rest together. */
function near(bids: Points, asks: Points): [Points, Points] {
  const span = (points: Points): number => Math.abs((points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0));
  const most = 1.5 * Math.min(span(bids), span(asks));
  if (most === 0) return [bids, asks];
  const kept = (points: Points): Points => points.filter(([price]) => Math.abs(price - (points[0]?.[0] ?? 0)) <= most);
  return [kept(bids), kept(asks)];
}

function cumulated(rows: Row[]): Points {
  let total = 0;
  return rows.map((row) => [Number(row.price), (total += Number(row.amount))]);
}
