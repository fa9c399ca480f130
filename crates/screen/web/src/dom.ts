// Elements without a framework. Text is always set as text, so that what users call things is never HTML.

type Child = Node | string | null;
type Properties = Record<string, string | boolean | ((event: Event) => void)>;

/** A new element; a property that is a function listens, any other is an attribute. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (typeof value === "string") element.setAttribute(name, value);
    else if (value) element.setAttribute(name, "");
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** The element of this id, which index.html has. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html has no #${id}`);
  return element;
}

/** At most one call in so many milliseconds, the last one never lost. */
export function paced(milliseconds: number, call: () => void): () => void {
  let waiting = false;
  let last = 0;
  return () => {
    if (waiting) return;
    waiting = true;
    const wait = Math.max(0, last + milliseconds - Date.now());
    setTimeout(() => {
      waiting = false;
      last = Date.now();
      call();
    }, wait);
  };
}

/** One call when nothing has been asked for so many milliseconds. */
export function settled(milliseconds: number, call: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(call, milliseconds);
  };
}

/** A column of a table. */
export interface Column<Row> {
  title: string;
  /** Numbers stand at the right. */
  number?: boolean;
  cell: (row: Row) => Child;
  /** The class of a cell. */
  look?: (row: Row) => string;
}

/** What stands in each place. */
const filled = new WeakMap<HTMLElement, string>();

/** Fills a place with a table, unless the rows are those that stand there. The focus stays on the button it was on. */
export function fill<Row>(
  place: HTMLElement,
  caption: string,
  columns: Column<Row>[],
  rows: Row[],
  none: string,
): void {
  const print = none + JSON.stringify(rows);
  if (filled.get(place) === print) return;
  filled.set(place, print);
  if (rows.length === 0) {
    place.replaceChildren(el("p", { class: "none" }, none));
    return;
  }
  const focused = place.contains(document.activeElement) ? document.activeElement?.getAttribute("data-key") : null;
  const head = columns.map((column) => el("th", { scope: "col", class: column.number ? "n" : "" }, column.title));
  const lines = rows.map((row) =>
    el(
      "tr",
      {},
      ...columns.map((column) =>
        el(
          "td",
          // A narrow window has no row of titles.
          { class: `${column.number ? "n" : ""} ${column.look?.(row) ?? ""}`, "data-title": column.title },
          column.cell(row),
        ),
      ),
    ),
  );
  place.replaceChildren(
    el(
      "table",
      {},
      el("caption", { class: "hidden" }, caption),
      el("thead", {}, el("tr", {}, ...head)),
      el("tbody", {}, ...lines),
    ),
  );
  if (focused != null) place.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}
