// Depth of the book and equity of a bot, by uPlot.

import uPlot from "uplot";
import { colour, onTheme } from "./theme";

/** A line or an area. */
export interface Line {
  label: string;
  colour: string;
  fill?: string;
  stepped?: "after" | "before";
}

/** A plot that follows the size of its place and the colours of the page. */
export class Plot {
  private plot: uPlot | undefined;
  private data: uPlot.AlignedData = [[]];

  constructor(
    private readonly place: HTMLElement,
    private readonly lines: Line[],
    private readonly isTime: boolean,
  ) {
    new ResizeObserver(() => this.resize()).observe(place);
    onTheme(() => this.draw());
  }

  /** Other data. */
  set(data: uPlot.AlignedData): void {
    this.data = data;
    if (this.plot === undefined) this.draw();
    else this.plot.setData(data);
  }

  private size(): { width: number; height: number } {
    return { width: this.place.clientWidth, height: this.place.clientHeight };
  }

  private resize(): void {
    if (this.plot === undefined) this.draw();
    else this.plot.setSize(this.size());
  }

  private draw(): void {
    this.plot?.destroy();
    this.plot = undefined;
    const { width, height } = this.size();
    // A tab that is not shown has no size; it is drawn when it gets one.
    if (width === 0 || height === 0) return;
    const axis = {
      stroke: colour("muted"),
      grid: { stroke: colour("grid"), width: 1 },
      ticks: { show: false },
      font: "11px system-ui, sans-serif",
    };
    const series = this.lines.map((line) => ({
      label: line.label,
      stroke: colour(line.colour),
      width: 1.5,
      points: { show: false },
      ...(line.fill === undefined ? {} : { fill: colour(line.fill) }),
      ...(line.stepped === undefined
        ? {}
        : { paths: uPlot.paths.stepped?.({ align: line.stepped === "after" ? 1 : -1 }) ?? (() => null) }),
    }));
    const options: uPlot.Options = {
      width,
      height,
      legend: { show: false },
      cursor: { points: { show: false } },
      scales: { x: { time: this.isTime } },
      axes: [
        { ...axis, size: 22 },
        { ...axis, size: 62, side: 1 },
      ],
      series: [{}, ...series],
      padding: [8, 0, 0, 16],
    };
    this.plot = new uPlot(options, this.data, this.place);
  }
}
