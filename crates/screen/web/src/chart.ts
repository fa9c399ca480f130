// Candles with volume. Trades of the stream go on where the candles of the database end.

import {
  CandlestickSeries,
  ColorType,
  HistogramSeries,
  createChart,
  type IChartApi,
  type ISeriesApi,
  type UTCTimestamp,
} from "lightweight-charts";
import { get, market } from "./api";
import { byId, el } from "./dom";
import { decimals } from "./format";
import type { Candle, Market, Trade } from "./model";
import { colour, onTheme } from "./theme";

const WIDTHS: [string, number][] = [
  ["5s", 5],
  ["1m", 60],
  ["5m", 300],
  ["1h", 3600],
  ["1d", 86400],
];
/** So many candles are asked for. */
const SHOWN = 600;
/** With fewer than these at a minute, a market is so young that seconds say more. */
const FEW = 15;

interface Bar {
  time: UTCTimestamp;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

export class Candles {
  private readonly chart: IChartApi;
  private readonly bars: ISeriesApi<"Candlestick">;
  private readonly volume: ISeriesApi<"Histogram">;
  private width = 60;
  private chosen = false;
  private shown: Market | undefined;
  private last: Bar | undefined;
  private asked = 0;

  constructor() {
    this.chart = createChart(byId("chart"), {
      autoSize: true,
      // The attribution stands in the footer: the logo would bring a style of its own, which the policy forbids.
      layout: { attributionLogo: false, fontSize: 11 },
      timeScale: { timeVisible: true, secondsVisible: true, rightOffset: 4, barSpacing: 5 },
      crosshair: { mode: 0 },
    });
    this.bars = this.chart.addSeries(CandlestickSeries, {});
    this.volume = this.chart.addSeries(HistogramSeries, {
      priceFormat: { type: "volume" },
      priceScaleId: "volume",
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.bars.priceScale().applyOptions({ scaleMargins: { top: 0.06, bottom: 0.22 } });
    onTheme(() => this.paint());
    this.paint();
    for (const [name, seconds] of WIDTHS) {
      const choose = (): void => {
        this.chosen = true;
        this.width = seconds;
        void this.load();
      };
      byId("widths").append(el("button", { type: "button", "data-width": String(seconds), click: choose }, name));
    }
  }

  /** Shows another market. */
  open(chosen: Market): void {
    this.shown = chosen;
    const places = decimals(chosen.tick_size);
    this.bars.applyOptions({ priceFormat: { type: "price", precision: places, minMove: Number(chosen.tick_size) } });
    if (!this.chosen) this.width = 60;
    void this.load();
  }

  private async load(): Promise<void> {
    const shown = this.shown;
    if (shown === undefined) return;
    const asked = ++this.asked;
    const from = new Date(Date.now() - SHOWN * this.width * 1000).toISOString();
    const path = `${market(shown.symbol)}/candles?width=${this.width}%20seconds&from=${from}`;
    const candles = await get<Candle[]>(path).catch(() => []);
    // Another was asked for meanwhile.
    if (asked !== this.asked) return;
    if (!this.chosen && this.width === 60 && candles.length < FEW) {
      this.width = 5;
      return this.load();
    }
    const bars = candles.map((candle) => ({
      time: candle.at as UTCTimestamp,
      open: Number(candle.open),
      high: Number(candle.high),
      low: Number(candle.low),
      close: Number(candle.close),
      volume: Number(candle.volume),
    }));
    this.last = bars.at(-1);
    this.bars.setData(bars);
    this.volume.setData(bars.map((bar) => this.column(bar)));
    this.chart.timeScale().scrollToRealTime();
    for (const button of byId("widths").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset["width"] === String(this.width)));
    }
  }

  private column(bar: Bar): { time: UTCTimestamp; value: number; color: string } {
    return { time: bar.time, value: bar.volume, color: colour(bar.close >= bar.open ? "up-soft" : "down-soft") };
  }

  /** Trades that have come. */
  add(trades: Trade[]): void {
    for (const trade of trades) {
      const seconds = Math.floor(Date.parse(trade.at) / 1000 / this.width) * this.width;
      const [price, size] = [Number(trade.price), Number(trade.amount)];
      const last = this.last;
      if (last !== undefined && seconds < last.time) continue;
      if (last === undefined || seconds > last.time) {
        this.last = { time: seconds as UTCTimestamp, open: price, high: price, low: price, close: price, volume: size };
      } else {
        last.high = Math.max(last.high, price);
        last.low = Math.min(last.low, price);
        last.close = price;
        last.volume += size;
      }
    }
    if (trades.length > 0 && this.last !== undefined) {
      this.bars.update(this.last);
      this.volume.update(this.column(this.last));
    }
  }

  private paint(): void {
    const [up, down, line] = [colour("up"), colour("down"), colour("line")];
    this.chart.applyOptions({
      layout: {
        background: { type: ColorType.Solid, color: colour("panel") },
        textColor: colour("muted"),
        fontFamily: getComputedStyle(document.body).fontFamily,
      },
      grid: { vertLines: { color: colour("grid") }, horzLines: { color: colour("grid") } },
      rightPriceScale: { borderColor: line },
      timeScale: { borderColor: line },
    });
    this.bars.applyOptions({
      upColor: up,
      downColor: down,
      wickUpColor: up,
      wickDownColor: down,
      borderVisible: false,
    });
  }
}
