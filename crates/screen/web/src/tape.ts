// The latest trades, newest first.

import { byId, el } from "./dom";
import { amount, decimals, time } from "./format";
import type { Market, Trade } from "./model";

const SHOWN = 60;

export class Tape {
  private readonly lines = el("tbody");
  private shown: Market | undefined;

  constructor() {
    const heads = ["Price", "Size", "Time"].map((title, at) =>
      el("th", { scope: "col", class: at > 0 ? "n" : "" }, title),
    );
    byId("tape").replaceChildren(
      el(
        "table",
        {},
        el("caption", { class: "hidden" }, "Latest trades, newest first"),
        el("thead", {}, el("tr", {}, ...heads)),
        this.lines,
      ),
    );
  }

  open(chosen: Market): void {
    this.shown = chosen;
    this.lines.replaceChildren();
  }

  add(trades: Trade[]): void {
    if (this.shown === undefined || trades.length === 0) return;
    const tick = decimals(this.shown.tick_size);
    const rows = trades
      .slice(-SHOWN)
      .map((trade) =>
        el(
          "tr",
          { "data-sequence": trade.sequence },
          el("td", { class: trade.side === "buy" ? "up" : "down" }, amount(trade.price, tick)),
          el("td", { class: "n" }, amount(trade.amount)),
          el("td", { class: "n muted" }, time(trade.at)),
        ),
      );
    this.lines.prepend(...rows.reverse());
    while (this.lines.children.length > SHOWN) this.lines.lastElementChild?.remove();
  }
}
