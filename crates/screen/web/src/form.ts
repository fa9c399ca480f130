// The order form. What an order would come to, the public book says; what is refused, the exchange.

import { Refusal, me, post } from "./api";
import { byId, el, settled } from "./dom";
import { amount, decimals, plain } from "./format";
import type { Market, Preview } from "./model";
import { send } from "./pending";

type Kind = "limit" | "market" | "stop" | "stop_limit";

const KINDS: [Kind, string][] = [
  ["limit", "Limit"],
  ["market", "Market"],
  ["stop", "Stop"],
  ["stop_limit", "Stop limit"],
];
const TIMES: [string, string][] = [
  ["gtc", "Good till cancelled"],
  ["ioc", "Immediate or cancel"],
  ["fok", "Fill or kill"],
  ["gtd", "Good till date"],
];
const PREVENTIONS: [string, string][] = [
  ["cancel_taker", "Cancel taker"],
  ["cancel_maker", "Cancel maker"],
  ["cancel_both", "Cancel both"],
  ["decrement", "Decrement"],
  ["none", "None"],
];

const options = (list: [string, string][]): HTMLOptionElement[] =>
  list.map(([value, title]) => el("option", { value }, title));

function field(title: string, input: HTMLElement, unit: HTMLElement | null = null): HTMLLabelElement {
  return el("label", { class: "field" }, el("span", {}, title), input, unit);
}

const number = (name: string): HTMLInputElement =>
  el("input", { name, inputmode: "decimal", autocomplete: "off", spellcheck: "false" });

export class Form {
  private shown: Market | undefined;
  private side: "buy" | "sell" = "buy";
  private readonly sides = (["buy", "sell"] as const).map((side) =>
    el("button", { type: "button", class: side, click: () => this.turn(side) }, side === "buy" ? "Buy" : "Sell"),
  );
  private readonly kind = el("select", { name: "order_type" }, ...options(KINDS));
  private readonly time = el("select", { name: "time_in_force" }, ...options(TIMES));
  private readonly prevention = el("select", { name: "self_trade_prevention" }, ...options(PREVENTIONS));
  private readonly price = number("price");
  private readonly stop = number("stop_price");
  private readonly size = number("amount");
  private readonly spend = number("quote_amount");
  private readonly display = number("display_amount");
  private readonly until = el("input", { name: "expires_at", type: "datetime-local", step: "1" });
  private readonly postOnly = el("input", { name: "post_only", type: "checkbox" });
  private readonly units = { base: [] as HTMLElement[], quote: [] as HTMLElement[] };
  private readonly fields: Record<string, HTMLElement>;
  private readonly submit = el("button", { type: "submit", class: "submit" }, "Buy");
  private readonly preview = el("div", { class: "preview", role: "status" });
  private readonly answer = el("div", { class: "answer", role: "alert" });
  private asked = 0;
  private readonly look = settled(300, () => void this.ask());

  constructor(private readonly done: () => void) {
    const unit = (of: "base" | "quote"): HTMLElement => {
      const element = el("span", { class: "unit" });
      this.units[of].push(element);
      return element;
    };
    this.fields = {
      stop: field("Stop price", this.stop, unit("quote")),
      price: field("Price", this.price, unit("quote")),
      size: field("Amount", this.size, unit("base")),
      spend: field("Or spend", this.spend, unit("quote")),
      time: field("In force", this.time),
      until: field("Until", this.until),
      display: field("Show only", this.display, unit("base")),
      prevention: field("Self-trade", this.prevention),
      post: el("label", { class: "check" }, this.postOnly, "Post only"),
    };
    const form = el(
      "form",
      { "aria-labelledby": "h-form", submit: (event) => void this.place(event), input: () => this.change() },
      el("div", { class: "sides", role: "group", "aria-label": "Side" }, ...this.sides),
      field("Type", this.kind),
      ...Object.values(this.fields),
      this.preview,
      this.submit,
      this.answer,
    );
    byId("form").replaceChildren(form);
    this.turn("buy");
  }

  open(chosen: Market): void {
    this.shown = chosen;
    for (const element of this.units.base) element.textContent = chosen.base;
    for (const element of this.units.quote) element.textContent = chosen.quote;
    for (const input of [this.price, this.stop, this.size, this.spend, this.display]) input.value = "";
    this.answer.replaceChildren();
    this.change();
  }

  /** Takes a price of the ladder. */
  take(price: string): void {
    if (this.shown === undefined) return;
    this.price.value = plain(price, decimals(this.shown.tick_size));
    this.change();
    this.size.focus();
  }

  /** Who is logged in has changed. */
  change(): void {
    const kind = this.kind.value as Kind;
    const show = (name: string, shown: boolean): void => void ((this.fields[name] as HTMLElement).hidden = !shown);
    const rests = kind === "limit" || kind === "stop_limit";
    show("price", rests);
    show("stop", kind === "stop" || kind === "stop_limit");
    show("spend", kind === "market" && this.side === "buy");
    show("time", rests);
    show("until", rests && this.time.value === "gtd");
    show("display", rests);
    show("post", kind === "limit");
    const verb = this.side === "buy" ? "Buy" : "Sell";
    this.submit.textContent = me() === null ? `Log in to ${verb.toLowerCase()}` : `${verb} ${this.shown?.base ?? ""}`;
    this.submit.className = `submit ${this.side}`;
    this.look();
  }

  private turn(side: "buy" | "sell"): void {
    this.side = side;
    for (const button of this.sides) button.setAttribute("aria-pressed", String(button.classList.contains(side)));
    this.change();
  }

  /** What is shown and filled in, under the names of place_order(). */
  private order(): Record<string, string | boolean> {
    const order: Record<string, string | boolean> = {
      symbol: this.shown?.symbol ?? "",
      side: this.side,
      order_type: this.kind.value,
      self_trade_prevention: this.prevention.value,
    };
    for (const input of [this.price, this.stop, this.size, this.spend, this.display]) {
      const value = input.value.trim().replace(/,/g, "");
      if (value !== "" && !(input.parentElement as HTMLElement).hidden) order[input.name] = value;
    }
    if (this.fields["time"]?.hidden === false) order["time_in_force"] = this.time.value;
    if (this.fields["until"]?.hidden === false && this.until.value !== "") {
      order["expires_at"] = new Date(this.until.value).toISOString();
    }
    if (this.fields["post"]?.hidden === false) order["post_only"] = this.postOnly.checked;
    return order;
  }

  private async ask(): Promise<void> {
    const asked = ++this.asked;
    const order = this.order();
    const filled = order["amount"] !== undefined || order["quote_amount"] !== undefined;
    const priced = order["price"] !== undefined || order["stop_price"] !== undefined || this.kind.value === "market";
    if (me() === null || !filled || !priced) {
      this.preview.replaceChildren(this.rates());
      return;
    }
    const told = await post<Preview>("/api/orders/preview", order).then((result) => this.told(result), refused);
    if (asked === this.asked) this.preview.replaceChildren(told);
  }

  private rates(): HTMLElement {
    const percent = (rate: string): string => `${Number((Number(rate) * 100).toFixed(6))}\u00a0%`;
    const { maker_rate = "0", taker_rate = "0" } = this.shown ?? {};
    return el("p", { class: "muted" }, `Commission: maker ${percent(maker_rate)}, taker ${percent(taker_rate)}`);
  }

  private told(result: Preview): HTMLElement {
    const { base = "", quote = "" } = this.shown ?? {};
    const rows: [string, string][] = [];
    if (result.average_price !== null) {
      rows.push(
        ["Fills now", `${amount(result.filled_amount)} ${base}`],
        ["At", `${amount(result.average_price)} ${quote}`],
      );
    }
    rows.push(["Commission", `${amount(result.commission)} ${quote}`]);
    if (result.reserved !== null) rows.push(["Locks", `${amount(result.reserved)} ${result.reserved_asset}`]);
    return el("dl", {}, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  }

  private async place(event: Event): Promise<void> {
    event.preventDefault();
    if (me() === null) {
      byId("log").click();
      return;
    }
    this.submit.disabled = true;
    this.answer.replaceChildren();
    try {
      const result = await send(this.order(), (seconds) => {
        this.answer.replaceChildren(el("p", { class: "muted" }, `No answer yet, sent again in ${seconds} s.`));
      });
      const became = result.cancel_reason ?? result.status;
      const words = `Order ${result.id}: ${became}, filled ${amount(result.filled_amount)}`;
      this.answer.replaceChildren(el("p", { class: "done", "data-order": result.id ?? "" }, words));
    } catch (error) {
      this.answer.replaceChildren(refused(error));
    } finally {
      this.submit.disabled = false;
      this.done();
      this.look();
    }
  }
}

/** A refusal's message and HINT. */
export function refused(error: unknown): HTMLElement {
  if (!(error instanceof Refusal)) return el("p", { class: "refused" }, String(error));
  const hint = error.hint === null ? null : el("span", { class: "hint" }, error.hint);
  return el("p", { class: "refused", "data-sqlstate": error.sqlstate }, `${error.message} (${error.sqlstate}) `, hint);
}
