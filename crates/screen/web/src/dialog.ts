// The one dialog of the page: to log in, to amend an order, to cancel them all.

import { logIn } from "./api";
import { byId, el } from "./dom";
import { refused } from "./form";

const dialog = byId("dialog") as HTMLDialogElement;
// What was entered, a password perhaps, goes with it.
dialog.addEventListener("close", () => dialog.replaceChildren());

type Field = [title: string, control: HTMLInputElement | HTMLSelectElement];

const input = (name: string, title: string, attributes: Record<string, string>): Field => [
  title,
  el("input", { name, autocomplete: "off", ...attributes }),
];

/** Fields with their titles; what is entered is handed over by name, and a refusal shown. */
function ask(
  title: string,
  fields: Field[],
  verb: string,
  act: (values: Record<string, string>) => Promise<void>,
  more: HTMLElement | null = null,
): void {
  const answer = el("div", { class: "answer", role: "alert" });
  const labels = fields.map(([text, control]) => el("label", { class: "field" }, el("span", {}, text), control));
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await act(Object.fromEntries(fields.map(([, control]) => [control.name, control.value])));
      dialog.close();
    } catch (error) {
      answer.replaceChildren(refused(error));
    }
  };
  dialog.replaceChildren(
    el("h2", { id: "dialog-title" }, title),
    el(
      "form",
      { submit: (event) => void submit(event) },
      ...labels,
      answer,
      el(
        "div",
        { class: "actions" },
        more,
        el("button", { type: "button", click: () => dialog.close() }, "Close"),
        el("button", { type: "submit", class: "primary" }, verb),
      ),
    ),
  );
  if (!dialog.open) dialog.showModal();
  fields[0]?.[1].focus();
}

/** Logs in by password, or by API key. */
export function login(done: () => void): void {
  const act = async (values: Record<string, string>): Promise<void> => {
    await logIn(values);
    done();
  };
  const by = (title: string, click: () => void): HTMLElement =>
    el("button", { type: "button", class: "link", click }, title);
  const byKey = (): void =>
    ask(
      "Log in",
      [input("api_key", "API key", { type: "password", required: "" })],
      "Log in",
      act,
      by("With a password", byPassword),
    );
  const byPassword = (): void =>
    ask(
      "Log in",
      [
        input("login", "Email or username", { autocomplete: "username", required: "" }),
        input("password", "Password", { type: "password", autocomplete: "current-password", required: "" }),
      ],
      "Log in",
      act,
      by("With an API key", byKey),
    );
  byPassword();
}

/** Asks for a new price and amount. */
export function amend(
  title: string,
  price: string | null,
  amount: string | null,
  act: (values: Record<string, string>) => Promise<void>,
): void {
  const fields: Field[] = [];
  if (price !== null) fields.push(input("price", "Price", { value: price, inputmode: "decimal" }));
  fields.push(input("amount", "Amount in all", { value: amount ?? "", inputmode: "decimal" }));
  ask(title, fields, "Amend", act);
}

/** Asks whether all open orders of this market shall be cancelled, or of all markets: then there is no symbol. */
export function cancelAll(symbol: string | undefined, act: (symbol: string) => Promise<void>): void {
  const markets = el(
    "select",
    { name: "symbol" },
    symbol === undefined ? null : el("option", { value: symbol }, symbol),
    el("option", { value: "" }, "all markets"),
  );
  ask("Cancel all open orders", [["Of", markets]], "Cancel them", (values) => act(values["symbol"] ?? ""));
}
