// Dark or light: what the system prefers, until somebody says otherwise here.

const KEY = "theme";
const system = matchMedia("(prefers-color-scheme: light)");
const listeners: (() => void)[] = [];

function apply(): void {
  const chosen = localStorage.getItem(KEY);
  document.documentElement.dataset["theme"] = chosen ?? (system.matches ? "light" : "dark");
  for (const listener of listeners) listener();
}

/** Calls back after each change; charts take their colours anew. */
export function onTheme(listener: () => void): void {
  listeners.push(listener);
}

/** The other of the two. */
export function toggle(): void {
  localStorage.setItem(KEY, document.documentElement.dataset["theme"] === "light" ? "dark" : "light");
  apply();
}

/** A colour of the style sheet. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

system.addEventListener("change", apply);
apply();
