// A list that may be long, newest first: a page of it, and the way to the next. A page is what is older than the last id
// of the page before, so that what comes meanwhile moves nothing.

import { get } from "./api";
import { type Column, el, fill } from "./dom";

/** Ids on a page. */
const SIZE = 50;

export class Pages<Row> {
  private readonly list = el("div");
  private readonly newer = el("button", { type: "button", click: () => this.turn(-1) }, "Newer");
  private readonly older = el("button", { type: "button", click: () => this.turn(1) }, "Older");
  private readonly ways: HTMLElement;
  /** The last id of each page before this one. */
  private before: string[] = [];
  private last: string | undefined;
  private asked = 0;
  /** Which of those stands there. */
  private shown = 0;

  constructor(
    place: HTMLElement,
    private readonly title: string,
    private readonly path: string,
    private readonly id: (row: Row) => string,
    private readonly columns: Column<Row>[],
    private readonly none: string,
  ) {
    this.ways = el("div", { class: "pages", role: "group", "aria-label": `Pages: ${title}` }, this.newer, this.older);
    this.ways.hidden = true;
    place.append(this.list, this.ways);
  }

  /** Nothing but these words, and the first page when it is read next. */
  clear(words: string): void {
    this.shown = ++this.asked;
    this.before = [];
    this.ways.hidden = true;
    fill(this.list, "", [], [], words);
  }

  /** Reads the page again. */
  async read(): Promise<void> {
    const asked = ++this.asked;
    const before = this.before.at(-1);
    const page = before === undefined ? "" : `&before=${before}`;
    // One more than is shown tells whether there is another page.
    const rows = await get<Row[]>(`${this.path}?limit=${SIZE + 1}${page}`);
    // Another page was turned to, or a later answer was quicker. Not: a later one is under way, or a slow server shows none.
    if (asked < this.shown || before !== this.before.at(-1)) return;
    this.shown = asked;
    // Several rows may have one id: a trade between two of one's own orders. They stay on one page.
    const ids = [...new Set(rows.map((row) => this.id(row)))];
    const shown = new Set(ids.slice(0, SIZE));
    this.last = ids.length > SIZE ? ids[SIZE - 1] : undefined;
    fill(this.list, this.title, this.columns, rows.filter((row) => shown.has(this.id(row))), this.none);
    const focused = document.activeElement;
    this.newer.disabled = before === undefined;
    this.older.disabled = this.last === undefined;
    this.ways.hidden = this.newer.disabled && this.older.disabled;
    // A button that can do no more loses the focus.
    if (focused === this.newer && this.newer.disabled) this.older.focus();
    if (focused === this.older && this.older.disabled) this.newer.focus();
  }

  private turn(step: 1 | -1): void {
    if (step < 0) this.before.pop();
    else if (this.last !== undefined) this.before.push(this.last);
    // Not twice on from the same page. One that cannot be read is read with all else again soon.
    this.last = undefined;
    void this.read().catch(() => undefined);
  }
}
