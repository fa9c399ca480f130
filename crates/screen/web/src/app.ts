// The page: what stands where, and who tells whom.

import "uplot/dist/uPlot.min.css";
import "./style.css";

import { Account } from "./account";
import { begin, get, logOut, me } from "./api";
import { Candles } from "./chart";
import { Depth } from "./depth";
import { login } from "./dialog";
import { byId, el, paced } from "./dom";
import { Form } from "./form";
import { amount, decimals, direction } from "./format";
import { Ladder } from "./ladder";
import type { Market, Ticker, Update } from "./model";
import { resume } from "./pending";
import { Stream } from "./stream";
import { Tape } from "./tape";
import { toggle } from "./theme";

/** Own orders and balances may change with any trade; without one they are read so often. */
const OWN = 5000;
/** The tickers of the other markets. */
const MARKETS = 15000;

let markets: Market[] = [];
let chosen: Market | undefined;

const account = new Account();
const refresh = paced(1000, () => {
  if (!document.hidden) account.refresh();
});
const candles = new Candles();
const depth = new Depth();
const tape = new Tape();
const form = new Form(() => {
  refresh();
  ladder.refresh();
});
const ladder = new Ladder((price) => form.take(price));
const stream = new Stream(
  (update) => show(update),
  (text) => {
    byId("live").textContent = text;
    byId("live").dataset["state"] = text;
  },
);

function show(update: Update): void {
  tape.add(update.trades);
  candles.add(update.trades);
  if (update.book !== undefined) ladder.set(update.book);
  if (update.ticker !== undefined && chosen !== undefined) {
    chosen.ticker = update.ticker;
    drawTicker(chosen, update.ticker);
    drawMarkets();
  }
  if (update.trades.length > 0 && me() !== null) refresh();
}

function drawTicker(market: Market, ticker: Ticker): void {
  const tick = decimals(market.tick_size);
  const change = ticker.change_percent_24h;
  const rows: [string, string, string][] = [
    [market.symbol, amount(ticker.last, tick), `last ${direction(ticker.change_24h)}`],
    ["24 h", change === null ? "–" : `${change.startsWith("-") ? "" : "+"}${change} %`, direction(change)],
    ["High", amount(ticker.high_24h, tick), ""],
    ["Low", amount(ticker.low_24h, tick), ""],
    [`Volume ${market.base}`, amount(ticker.volume_24h), ""],
    [`Volume ${market.quote}`, amount(ticker.quote_volume_24h.replace(/(\.\d\d)\d*/, "$1")), ""],
    ["Trades", amount(ticker.trades_24h), ""],
  ];
  if (market.status !== "open") rows.push(["Status", market.status_reason ?? market.status, "down"]);
  byId("ticker").replaceChildren(
    ...rows.map(([name, value, look]) => el("div", {}, el("dt", {}, name), el("dd", { class: look }, value))),
  );
  document.title = `${amount(ticker.last, tick)} ${market.symbol} · pg_bourse`;
}

function drawMarkets(): void {
  const focused = byId("markets").contains(document.activeElement);
  const rows = markets.map((market) => {
    const change = market.ticker.change_percent_24h;
    const open = (): void => choose(market.symbol);
    const name = el("button", { type: "button", class: "link", click: open }, market.symbol);
    if (market === chosen) name.setAttribute("aria-current", "true");
    return el(
      "tr",
      { class: market === chosen ? "chosen" : "" },
      el("td", {}, name),
      el("td", { class: "n" }, amount(market.ticker.last, decimals(market.tick_size))),
      el("td", { class: `n ${direction(change)}` }, change === null ? "–" : `${change} %`),
    );
  });
  const heads = ["Market", "Last", "24 h"].map((title, at) =>
    el("th", { scope: "col", class: at > 0 ? "n" : "" }, title),
  );
  byId("markets").replaceChildren(el("table", {}, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows)));
  if (focused) byId("markets").querySelector<HTMLElement>("[aria-current]")?.focus();
}

function choose(symbol: string): void {
  const market = markets.find((one) => one.symbol === symbol) ?? markets[0];
  if (market === undefined || market === chosen) return;
  chosen = market;
  location.hash = encodeURIComponent(market.symbol);
  byId("pair").textContent = market.symbol;
  for (const panel of [candles, tape, ladder, form]) panel.open(market);
  depth.open(market.symbol);
  account.open(market.symbol);
  drawTicker(market, market.ticker);
  drawMarkets();
  stream.open(market.symbol);
}

async function loadMarkets(): Promise<void> {
  const read = await get<Market[]>("/api/markets");
  markets = read.map((market) => (market.symbol === chosen?.symbol ? Object.assign(chosen, market) : market));
  drawMarkets();
}

function signed(): void {
  const user = me();
  byId("who").textContent = user === null ? "viewer" : `${user.name} · ${user.role}`;
  byId("log").textContent = user === null ? "Log in" : "Log out";
  form.change();
  account.refresh();
  ladder.refresh();
  if (user !== null) resume(refresh);
}

byId("theme").addEventListener("click", toggle);
byId("log").addEventListener("click", () => {
  if (me() === null) login(signed);
  else void logOut().then(signed, signed);
});
addEventListener("hashchange", () => choose(decodeURIComponent(location.hash.slice(1))));
setInterval(() => void loadMarkets().catch(() => undefined), MARKETS);
setInterval(() => {
  if (me() !== null) refresh();
}, OWN);

await begin().catch(() => undefined);
signed();
for (;;) {
  try {
    await loadMarkets();
    break;
  } catch {
    await new Promise((done) => setTimeout(done, 2000));
  }
}
choose(decodeURIComponent(location.hash.slice(1)));
