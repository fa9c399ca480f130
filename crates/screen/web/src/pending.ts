// Orders under way. Each has its client_order_id before it is sent, and is sent again until there is an answer: the
// exchange answers the same id with the same order. A page that is loaded again goes on with what it finds here.

import { Refusal, me, post } from "./api";
import type { Result } from "./model";

const KEY = "pending";
const LONGEST = 8000;

type Order = Record<string, string | boolean>;

function stored(): Record<string, Order> {
  return JSON.parse(sessionStorage.getItem(`${KEY}-${me()?.id}`) ?? "{}") as Record<string, Order>;
}

function store(orders: Record<string, Order>): void {
  sessionStorage.setItem(`${KEY}-${me()?.id}`, JSON.stringify(orders));
}

function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `web-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Sends an order until it is answered. */
export async function send(order: Order, waits: (seconds: number) => void): Promise<Result> {
  const id = newId();
  store({ ...stored(), [id]: order });
  return repeat(id, order, waits);
}

async function repeat(id: string, order: Order, waits: (seconds: number) => void): Promise<Result> {
  for (let wait = 500; ; wait = Math.min(wait * 2, LONGEST)) {
    try {
      const result = await post<Result>("/api/orders", { ...order, client_order_id: id });
      forget(id);
      return result;
    } catch (error) {
      if (!(error instanceof Refusal) || !error.unanswered) {
        forget(id);
        throw error;
      }
      waits(wait / 1000);
      await new Promise((done) => setTimeout(done, wait));
    }
  }
}

function forget(id: string): void {
  const { [id]: _, ...others } = stored();
  store(others);
}

/** Goes on with what a page before has left. */
export function resume(done: () => void): void {
  for (const [id, order] of Object.entries(stored())) {
    void repeat(id, order, () => undefined).then(done, done);
  }
}
