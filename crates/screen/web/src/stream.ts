// The live messages of one market. The browser itself reconnects, with the id of the last message that it has seen, and
// so misses no trade. One that the server has cut for good (too many viewers) is opened anew after a while.

import { market } from "./api";
import type { Update } from "./model";

const AGAIN = 3000;

/** Watches a market until another is watched. */
export class Stream {
  private source: EventSource | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private last = 0n;

  constructor(
    private readonly told: (update: Update) => void,
    private readonly state: (text: string) => void,
  ) {}

  open(symbol: string): void {
    this.last = 0n;
    this.connect(symbol);
  }

  private connect(symbol: string): void {
    clearTimeout(this.timer);
    this.source?.close();
    const after = this.last > 0n ? `?after=${this.last}` : "";
    const source = new EventSource(`${market(symbol)}/stream${after}`);
    this.source = source;
    source.addEventListener("open", () => this.state("live"));
    source.addEventListener("error", () => {
      this.state("reconnecting");
      if (source.readyState === EventSource.CLOSED) {
        this.timer = setTimeout(() => this.connect(symbol), AGAIN);
      }
    });
    source.addEventListener("market", (event) => {
      const update = JSON.parse((event as MessageEvent<string>).data) as Update;
      update.trades = update.trades.filter((trade) => BigInt(trade.sequence) > this.last);
      this.last = BigInt(update.sequence);
      this.told(update);
    });
  }
}
