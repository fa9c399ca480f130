// The best levels of either side, asks above bids, and which of them hold own orders. A price is taken into the form by
// a click, or by the arrow keys and Enter.

import { get, market, me } from "./api";
import { byId, el, paced } from "./dom";
import { amount, decimals, fitted, sum } from "./format";
import type { Level, Market, OwnLevel } from "./model";

const LEVELS = 14;

class Line {
  readonly price = el("button", { type: "button", tabindex: "-1" });
  readonly size = el("td", { class: "n" });
  readonly total = el("td", { class: "n muted" });
  readonly own = el("td", { class: "n own" });
  readonly row: HTMLTableRowElement;
  /** As the database has it. */
  text = "";

  constructor(side: "ask" | "bid") {
    this.row = el("tr", { class: side }, el("td", {}, this.price), this.size, this.total, this.own);
  }
}

export class Ladder {
  private readonly asks = Array.from({ length: LEVELS }, () => new Line("ask"));
  private readonly bids = Array.from({ length: LEVELS }, () => new Line("bid"));
  private readonly spread = el("td", { colspan: "4", class: "spread" });
  private shown: Market | undefined;
  private book: Level[] = [];
  private own = new Map<string, string>();
  /** Own orders are asked for again when the book has changed, not more often than this. */
  readonly refresh = paced(1500, () => void this.loadOwn());

  constructor(private readonly pick: (price: string) => void) {
    const heads = ["Price", "Size", "Total", "Mine"].map((title, at) =>
      el("th", { scope: "col", class: at > 0 ? "n" : "" }, title),
    );
    const all = [...this.asks, ...this.bids];
    for (const [at, line] of all.entries()) {
      line.price.addEventListener("click", () => this.pick(line.text));
      line.price.addEventListener("keydown", (event) => {
        const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
        const next = all[at + step];
        if (step === 0 || next === undefined || next.text === "") return;
        event.preventDefault();
        line.price.tabIndex = -1;
        next.price.tabIndex = 0;
        next.price.focus();
      });
    }
    const first = this.bids[0];
    if (first !== undefined) first.price.tabIndex = 0;
    const rows = [
      ...this.asks.map((line) => line.row),
      el("tr", {}, this.spread),
      ...this.bids.map((line) => line.row),
    ];
    byId("ladder").replaceChildren(
      el(
        "table",
        {},
        el("caption", { class: "hidden" }, "Best asks, then best bids. Arrow keys move, Enter takes the price."),
        el("thead", {}, el("tr", {}, ...heads)),
        el("tbody", {}, ...rows),
      ),
    );
  }

  open(chosen: Market): void {
    this.shown = chosen;
    this.own.clear();
    this.set([]);
    this.refresh();
  }

  set(book: Level[]): void {
    this.book = book;
    this.draw();
    if (me() !== null) this.refresh();
  }

  private async loadOwn(): Promise<void> {
    const shown = this.shown;
    if (shown === undefined) return;
    const path = `${market(shown.symbol)}/ladder`;
    const orders = me() === null ? [] : await get<OwnLevel[]>(path).catch(() => []);
    if (shown !== this.shown) return;
    this.own.clear();
    for (const order of orders) {
      const key = order.side + order.price;
      this.own.set(key, sum([this.own.get(key) ?? "0", order.amount]));
    }
    this.draw();
  }

  private draw(): void {
    if (this.shown === undefined) return;
    const tick = decimals(this.shown.tick_size);
    const bids = this.book.filter(([side]) => side === "b").slice(0, LEVELS);
    const asks = this.book.filter(([side]) => side === "s").slice(0, LEVELS);
    // As many decimals as one of them needs, so that points stand below each other.
    const places = Math.max(0, ...[...bids, ...asks].map(([, , size]) => decimals(size)));
    const most = Math.max(
      ...[bids, asks].map((side) => side.reduce((total, [, , size]) => total + Number(size), 0)),
      1e-9,
    );
    const put = (line: Line | undefined, level: Level | undefined, total: string): void => {
      if (line === undefined) return;
      line.text = level?.[1] ?? "";
      line.price.textContent = level === undefined ? "" : amount(level[1], tick);
      line.price.hidden = level === undefined;
      if (level === undefined) line.price.tabIndex = -1;
      const show = (cell: HTMLElement, value: string | undefined, letters: number): void => {
        cell.textContent = value === undefined ? "" : fitted(value, places, letters);
        // To the last digit for whoever points at it.
        cell.title = value === undefined ? "" : amount(value);
      };
      show(line.size, level?.[2], 8);
      show(line.total, level === undefined ? undefined : total, 8);
      const own = level === undefined ? undefined : this.own.get((level[0] === "b" ? "buy" : "sell") + level[1]);
      show(line.own, own, 5);
      line.row.classList.toggle("mine", own !== undefined);
      line.row.style.setProperty("--part", `${level === undefined ? 0 : (100 * Number(total)) / most}%`);
    };
    const side = (levels: Level[], line: (at: number) => Line | undefined): void => {
      let total = "0";
      for (let at = 0; at < LEVELS; at++) {
        const level = levels[at];
        if (level !== undefined) total = sum([total, level[2]]);
        put(line(at), level, total);
      }
    };
    side(asks, (at) => this.asks[LEVELS - 1 - at]);
    side(bids, (at) => this.bids[at]);
    // One of those that are there is reached by Tab.
    const prices = [...this.bids, ...this.asks].filter((line) => line.text !== "").map((line) => line.price);
    if (prices.every((price) => price.tabIndex < 0)) prices[0]?.setAttribute("tabindex", "0");
    const [bid, ask] = [bids[0]?.[1], asks[0]?.[1]];
    this.spread.textContent =
      bid === undefined || ask === undefined ? "no spread" : `spread ${amount(sum([ask, `-${bid}`]), tick)}`;
  }
}
