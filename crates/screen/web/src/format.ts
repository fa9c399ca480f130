// Amounts are strings from the database to the eye: a number of JavaScript would round them. What a chart draws may be
// one, for it is only looked at.

/** How many decimals a step has: 0.01000000 has two. */
export function decimals(step: string): number {
  return (step.split(".")[1] ?? "").replace(/0+$/, "").length;
}

/** With at least so many decimals, and as many more as are not zero; thousands apart. */
export function amount(text: string | null | undefined, places = 0): string {
  if (text == null) return "–";
  const [whole = "", fraction = ""] = text.replace(/^-/, "").split(".");
  const kept = fraction.replace(/0+$/, "").padEnd(places, "0");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return (text.startsWith("-") ? "−" : "") + grouped + (kept === "" ? "" : `.${kept}`);
}

/** The same in a narrow column: with fewer decimals than it has, if it would be longer than so many letters. */
export function fitted(text: string, places: number, letters: number): string {
  const exact = amount(text, places);
  const [whole = "", fraction = ""] = exact.split(".");
  const room = Math.max(0, letters - whole.length - 1);
  return exact.length <= letters || fraction === "" ? exact : room === 0 ? whole : `${whole}.${fraction.slice(0, room)}`;
}

/** The same in words that a field of a form takes. */
export function plain(text: string, places = 0): string {
  return amount(text, places).replace(/,/g, "").replace("−", "-");
}

/** Up, down or neither. */
export function direction(text: string | null | undefined): "up" | "down" | "" {
  if (text == null || /^-?0*\.?0*$/.test(text)) return "";
  return text.startsWith("-") ? "down" : "up";
}

/** A time of day, or a day and a time. */
export function time(text: string | null, day = false): string {
  if (text === null) return "–";
  const at = new Date(text);
  const clock = at.toLocaleTimeString("en-GB");
  return day ? `${at.toLocaleDateString("en-CA")} ${clock}` : clock;
}

/** Adds amounts with up to eight decimals exactly. */
export function sum(texts: string[]): string {
  const scaled = texts.reduce((total, text) => total + scale(text), 0n);
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(9, "0");
  return `${scaled < 0n ? "-" : ""}${digits.slice(0, -8)}.${digits.slice(-8)}`;
}

function scale(text: string): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(8, "0"));
}
