// Tabs with the keys that one knows of them: arrows, Home, End.

import { el } from "./dom";

export interface Tab {
  id: string;
  title: string;
  panel: HTMLElement;
  /** Called when it is shown. */
  shown: () => void;
}

export class Tabs {
  private readonly buttons: HTMLButtonElement[];
  current: Tab;

  constructor(
    place: HTMLElement,
    private readonly tabs: [Tab, ...Tab[]],
  ) {
    this.current = tabs[0];
    this.buttons = tabs.map((tab) =>
      el(
        "button",
        {
          type: "button",
          role: "tab",
          id: `tab-${tab.id}`,
          "aria-controls": `panel-${tab.id}`,
          click: () => this.show(tab),
        },
        tab.title,
      ),
    );
    const list = el("div", { role: "tablist", class: "tabs", "aria-label": "Account" }, ...this.buttons);
    list.addEventListener("keydown", (event) => this.key(event));
    for (const tab of tabs) {
      tab.panel.id = `panel-${tab.id}`;
      tab.panel.classList.add("tabpanel");
      tab.panel.setAttribute("role", "tabpanel");
      tab.panel.setAttribute("aria-labelledby", `tab-${tab.id}`);
      tab.panel.tabIndex = 0;
    }
    place.replaceChildren(list, ...tabs.map((tab) => tab.panel));
    this.show(this.current);
  }

  /** Whether somebody may see a tab. */
  allow(id: string, allowed: boolean): void {
    const at = this.tabs.findIndex((tab) => tab.id === id);
    const button = this.buttons[at];
    if (button !== undefined) button.hidden = !allowed;
    if (!allowed && this.current.id === id) this.show(this.tabs[0]);
  }

  private show(tab: Tab): void {
    this.current = tab;
    for (const [at, other] of this.tabs.entries()) {
      const button = this.buttons[at];
      other.panel.hidden = other !== tab;
      button?.setAttribute("aria-selected", String(other === tab));
      if (button !== undefined) button.tabIndex = other === tab ? 0 : -1;
    }
    tab.shown();
  }

  private key(event: KeyboardEvent): void {
    const seen = this.buttons.filter((button) => !button.hidden);
    const at = seen.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: seen.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    const button = seen[(to + seen.length) % seen.length];
    button?.focus();
    button?.click();
  }
}
