// The one dialog of the page: to log in, and to amend an order.

import { logIn } from "./api";
import { byId, el } from "./dom";
import { refused } from "./form";

const dialog = byId("dialog") as HTMLDialogElement;
// What was entered, a password perhaps, goes with it.
dialog.addEventListener("close", () => dialog.replaceChildren());

/** Inputs by name, with their labels; what is entered is handed over, and a refusal shown. */
function ask(
  title: string,
  fields: [string, string, Record<string, string>][],
  verb: string,
  act: (values: Record<string, string>) => Promise<void>,
  more: HTMLElement | null = null,
): void {
  const answer = el("div", { class: "answer", role: "alert" });
  const inputs = fields.map(([name, , attributes]) => el("input", { name, ...attributes }));
  const labels = fields.map(([, text], at) =>
    el("label", { class: "field" }, el("span", {}, text), inputs[at] ?? null),
  );
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await act(Object.fromEntries(inputs.map((input) => [input.name, input.value])));
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
  inputs[0]?.focus();
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
      [["api_key", "API key", { type: "password", autocomplete: "off", required: "" }]],
      "Log in",
      act,
      by("With a password", byPassword),
    );
  const byPassword = (): void =>
    ask(
      "Log in",
      [
        ["login", "Email or username", { autocomplete: "username", required: "" }],
        ["password", "Password", { type: "password", autocomplete: "current-password", required: "" }],
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
  const fields: [string, string, Record<string, string>][] = [];
  if (price !== null) fields.push(["price", "Price", { value: price, inputmode: "decimal", autocomplete: "off" }]);
  fields.push(["amount", "Amount in all", { value: amount ?? "", inputmode: "decimal", autocomplete: "off" }]);
  ask(title, fields, "Amend", act);
}
