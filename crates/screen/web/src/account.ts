// What a user has: orders, balances, trades, bots, accounts at brokers; and what admins see.

import { get, me, patch, remove } from "./api";
import { amend, cancelAll } from "./dialog";
import { type Column, byId, el, fill } from "./dom";
import { refused } from "./form";
import { amount, direction, plain, time } from "./format";
import type { ClosedOrder, Order, Refused } from "./model";
import { Pages } from "./pages";
import { Plot } from "./plots";
import { type Tab, Tabs } from "./tabs";

type Row = Record<string, string | null>;

const column = (title: string, name: string, number = false): Column<Row> => ({
  title,
  number,
  cell: (row) => (number ? amount(row[name]) : (row[name] ?? "–")),
});
const signed = (title: string, name: string): Column<Row> => ({
  ...column(title, name, true),
  look: (row) => direction(row[name]),
});
const when = (title: string, name: string): Column<Row> => ({
  title,
  number: true,
  cell: (row) => time(row[name] ?? null, true),
});
const side: Column<{ side: "buy" | "sell" | null }> = {
  title: "Side",
  cell: (row) => row.side ?? "–",
  look: (row) => (row.side === null ? "" : row.side === "buy" ? "up" : "down"),
};
const kind: Column<{ order_type: string; post_only: boolean }> = {
  title: "Type",
  cell: (order) => `${order.order_type.replace("_", " ")}${order.post_only ? ", post only" : ""}`,
};
const HISTORY: Column<ClosedOrder>[] = [
  { title: "Market", cell: (order) => order.symbol },
  side as Column<ClosedOrder>,
  kind as Column<ClosedOrder>,
  { title: "Price", number: true, cell: (order) => amount(order.price) },
  { title: "Amount", number: true, cell: (order) => amount(order.amount ?? order.quote_amount) },
  { title: "Filled", number: true, cell: (order) => amount(order.filled_amount) },
  { title: "Became", cell: (order) => became(order) },
  { title: "Placed", number: true, cell: (order) => time(order.created_at, true) },
  { title: "Ended", number: true, cell: (order) => time(order.ended_at, true) },
];
const REFUSED: Column<Refused>[] = [
  { title: "Command", cell: (command) => command.action ?? "–" },
  { title: "Market", cell: (command) => command.symbol ?? "–" },
  side as Column<Refused>,
  { title: "Price", number: true, cell: (command) => amount(command.price) },
  { title: "Amount", number: true, cell: (command) => amount(command.amount) },
  { title: "Why", cell: (command) => `${command.reason} (${command.sqlstate}) ${command.hint ?? ""}` },
  { title: "At", number: true, cell: (command) => time(command.rejected_at, true) },
];
const TRADES: Column<Row>[] = [
  column("Market", "symbol"),
  side as unknown as Column<Row>,
  column("Price", "price", true),
  column("Amount", "amount", true),
  column("Commission", "commission", true),
  { title: "As", cell: (row) => (String(row["was_taker"]) === "true" ? "taker" : "maker") },
  column("Order", "order_id"),
  when("At", "at"),
];
const LOGGED_OUT = "Log in to see this.";

export class Account {
  private readonly orders = el("div");
  private readonly closed = el("div");
  private readonly trades = el("div");
  private readonly rejected = el("div");
  private readonly pages: Record<"closed" | "trades" | "refused", Pages<ClosedOrder> | Pages<Row> | Pages<Refused>> = {
    closed: new Pages(this.closed, "Order history", "/api/orders/closed", (order) => order.id, HISTORY, "None yet."),
    trades: new Pages(this.trades, "My trades", "/api/trades", (row) => row["trade_id"] ?? "", TRADES, "None yet."),
    refused: new Pages(
      this.rejected,
      "Refused commands",
      "/api/orders/refused",
      (command) => command.id,
      REFUSED,
      "No commands of the inbox were refused.",
    ),
  };
  private readonly accounts = el("div");
  private readonly bots = el("div", { class: "bots" });
  private readonly platform = el("div");
  private readonly botList = el("div", { tabindex: "0", role: "group", "aria-label": "Bots" });
  private readonly botMetrics = el("div", { tabindex: "0", role: "group", "aria-label": "Metrics of the bot" });
  private readonly botEquity = el("div", { class: "equity", role: "img", "aria-label": "Equity of the bot" });
  private readonly message = el("div", { class: "answer", role: "alert" });
  private readonly orderList = el("div");
  private readonly all = el("button", { type: "button", click: () => this.cancelAll() }, "Cancel all…");
  private readonly equity = new Plot(
    this.botEquity,
    [{ label: "equity", colour: "accent", fill: "accent-soft" }],
    true,
  );
  private readonly tabs: Tabs;
  private bot: string | undefined;
  private market: string | undefined;

  constructor() {
    this.all.hidden = true;
    this.orders.append(this.message, this.orderList, el("div", { class: "pages" }, this.all));
    this.bots.append(this.botList, this.botEquity, this.botMetrics);
    const tab = (id: string, title: string, panel: HTMLElement): Tab => ({
      id,
      title,
      panel,
      shown: () => this.refresh(),
    });
    this.tabs = new Tabs(byId("tabs"), [
      tab("orders", "Open orders", this.orders),
      tab("history", "Order history", this.closed),
      tab("trades", "My trades", this.trades),
      tab("refused", "Refused", this.rejected),
      tab("bots", "Bots", this.bots),
      tab("accounts", "Mirrored accounts", this.accounts),
      tab("platform", "Platform", this.platform),
    ]);
    this.tabs.allow("platform", false);
  }

  /** Another market was chosen. */
  open(symbol: string): void {
    this.market = symbol;
  }

  /** Reads again what is shown. */
  refresh(): void {
    // A tab is shown while the tabs are made.
    if (this.tabs === undefined) return;
    this.tabs.allow("platform", me()?.role === "admin");
    void this.read().catch((error: unknown) => this.message.replaceChildren(refused(error)));
  }

  private async read(): Promise<void> {
    if (me() === null) {
      this.all.hidden = true;
      for (const pages of Object.values(this.pages)) pages.clear(LOGGED_OUT);
      for (const place of [this.orderList, this.botList, this.accounts, byId("balances")]) {
        fill(place, "", [], [], LOGGED_OUT);
      }
      fill(this.botMetrics, "", [], [], "");
      this.botEquity.hidden = true;
      return;
    }
    const shown = this.tabs.current.id;
    await Promise.all([
      this.readBalances(),
      shown === "orders" ? this.readOrders() : null,
      shown === "history" ? this.pages.closed.read() : null,
      shown === "trades" ? this.pages.trades.read() : null,
      shown === "refused" ? this.pages.refused.read() : null,
      shown === "bots" ? this.readBots() : null,
      shown === "accounts" ? this.readAccounts() : null,
      shown === "platform" ? this.readPlatform() : null,
    ]);
  }

  private async readBalances(): Promise<void> {
    // One below the other: side by side two long amounts have no room.
    const columns: Column<Row>[] = [
      column("Asset", "asset"),
      {
        title: "Available, locked",
        number: true,
        cell: (row) =>
          el(
            "div",
            {},
            amount(row["available"]),
            direction(row["locked"]) === "" ? null : el("div", { class: "muted" }, `${amount(row["locked"])} locked`),
          ),
      },
    ];
    fill(byId("balances"), "Balances", columns, await get<Row[]>("/api/balances"), "No funds yet.");
  }

  private async readOrders(): Promise<void> {
    const columns: Column<Order>[] = [
      { title: "Market", cell: (order) => order.symbol },
      side as Column<Order>,
      kind as Column<Order>,
      { title: "Price", number: true, cell: (order) => amount(order.price) },
      { title: "Stop", number: true, cell: (order) => amount(order.stop_price) },
      { title: "Amount", number: true, cell: (order) => amount(order.amount ?? order.quote_amount) },
      { title: "Filled", number: true, cell: (order) => amount(order.filled_amount) },
      { title: "Status", cell: (order) => order.status },
      { title: "Placed", number: true, cell: (order) => time(order.created_at, true) },
      { title: "Change", cell: (order) => this.actions(order) },
    ];
    const orders = await get<Order[]>("/api/orders");
    fill(this.orderList, "Open orders", columns, orders, "No open orders.");
    this.all.hidden = orders.length === 0;
  }

  private cancelAll(): void {
    cancelAll(this.market, async (symbol) => {
      const market = symbol === "" ? "" : `?symbol=${encodeURIComponent(symbol)}`;
      const { cancelled } = await remove<{ cancelled: string }>(`/api/orders${market}`);
      this.message.replaceChildren(el("p", { class: "done" }, `Cancelled: ${cancelled}`));
      this.refresh();
    });
  }

  private actions(order: Order): HTMLElement {
    const name = `${order.side} ${amount(order.amount)} ${order.symbol}`;
    const act = async (): Promise<void> => {
      try {
        await remove(`/api/orders/${order.id}`);
        this.message.replaceChildren();
      } catch (error) {
        this.message.replaceChildren(refused(error));
      }
      this.refresh();
    };
    const change = (): void =>
      amend(
        `Amend: ${name}`,
        order.price && plain(order.price),
        order.amount && plain(order.amount),
        async (values) => {
          const changed = Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim() !== ""));
          await patch(`/api/orders/${order.id}`, changed);
          this.refresh();
        },
      );
    const button = (verb: string, click: () => void): HTMLElement =>
      el(
        "button",
        { type: "button", class: "link", "data-key": `${verb} ${order.id}`, "aria-label": `${verb}: ${name}`, click },
        verb,
      );
    return el(
      "span",
      {},
      button("Amend", change),
      button("Cancel", () => void act()),
    );
  }

  private async readBots(): Promise<void> {
    const bots = await get<Row[]>("/api/bots");
    const pick: Column<Row> = {
      title: "Bot",
      cell: (row) =>
        el(
          "button",
          { type: "button", class: "link", "data-key": `bot ${row["id"]}`, click: () => this.choose(row["id"] ?? "") },
          `${row["type"]} ${row["id"]}`,
        ),
    };
    const columns = [
      pick,
      column("Status", "status"),
      column("Balance", "current_balance", true),
      signed("P&L", "total_pnl"),
      column("Open", "open_positions", true),
    ];
    fill(this.botList, "Bots", columns, bots, "No bots.");
    this.bot ??= bots[0]?.["id"] ?? undefined;
    this.botEquity.hidden = this.bot === undefined;
    if (this.bot === undefined) return;
    const [equity, metrics] = await Promise.all([
      get<{ at: string; equity: string }[]>(`/api/bots/${this.bot}/equity`),
      get<Record<string, string | null>>(`/api/bots/${this.bot}/metrics`),
    ]);
    this.equity.set([equity.map((one) => Number(one.at)), equity.map((one) => Number(one.equity))]);
    const rows = Object.entries(metrics)
      .filter(([, value]) => value === null || value.length < 30)
      .map(([name, value]) => ({ name: name.replace(/_/g, " "), value: short(value) }));
    fill(
      this.botMetrics,
      "Metrics",
      [column("Metric", "name"), { title: "Value", number: true, cell: (row: Row) => row["value"] ?? "–" }],
      rows,
      "",
    );
  }

  private choose(bot: string): void {
    this.bot = bot;
    this.refresh();
  }

  private async readAccounts(): Promise<void> {
    const columns = [
      column("Account", "account_name"),
      column("Broker", "broker"),
      { title: "In use", cell: (row: Row) => (String(row["in_use"]) === "true" ? "in use" : "–") },
      column("Connection", "connection_status"),
      column("Breaker", "breaker"),
      { title: "Health", number: true, cell: (row: Row) => String(row["health_score"] ?? "–") },
      {
        title: "Latency",
        number: true,
        cell: (row: Row) => (row["latency_ms"] === null ? "–" : `${row["latency_ms"]} ms`),
      },
      column("Positions", "positions", true),
      signed("P&L", "pnl"),
      when("Heard of", "last_heartbeat"),
    ];
    fill(this.accounts, "Mirrored accounts", columns, await get<Row[]>("/api/accounts"), "No accounts at brokers.");
  }

  private async readPlatform(): Promise<void> {
    const all = await get<Record<"health" | "alerts" | "jobs" | "messages", Row[]>>("/api/admin");
    const part = (title: string, columns: Column<Row>[], rows: Row[], none: string): HTMLElement => {
      const place = el("div");
      fill(place, title, columns, rows, none);
      return el("section", {}, el("h3", {}, title), place);
    };
    const state: Column<Row> = {
      title: "State",
      cell: (row) => (String(row["ok"]) === "true" ? "ok" : "fails"),
      look: (row) => (String(row["ok"]) === "true" ? "up" : "down"),
    };
    this.platform.replaceChildren(
      part(
        "Alerts",
        [
          column("Severity", "severity"),
          column("Module", "module"),
          column("Alert", "alert"),
          column("Detail", "detail"),
          column("Hint", "hint"),
        ],
        all.alerts,
        "No alerts.",
      ),
      part("Health", [column("Module", "module"), state, column("Detail", "detail")], all.health, "Nothing is known."),
      part(
        "Jobs",
        [
          column("Type", "job_type"),
          column("Status", "status"),
          column("Runs", "runs", true),
          when("Oldest", "oldest"),
        ],
        all.jobs,
        "No runs wait.",
      ),
      part(
        "Messages",
        [
          column("Channel", "channel"),
          column("Waiting", "pending", true),
          column("Due", "due", true),
          column("Failed", "failed", true),
        ],
        all.messages,
        "No messages wait.",
      ),
    );
  }
}

/** How an order has ended. */
function became(order: ClosedOrder): string {
  if (order.status !== "cancelled") return order.status;
  const reason = order.cancel_reason ?? "";
  return reason === "expired" ? reason : `cancelled: ${reason.replace(/_/g, " ")}`;
}

/** A ratio, or an amount, that fits a narrow column. */
function short(value: string | null): string {
  if (value === null || !/^-?\d+(\.\d+)?$/.test(value)) return value ?? "–";
  return value.replace(/(\.\d{4})\d+$/, "$1");
}
