// The endpoints of the screen, as /openapi.json has them.

/** What the database has refused, or that nobody answers. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly sqlstate: string,
    message: string,
    readonly hint: string | null,
  ) {
    super(message);
  }

  /** Whether nobody knows what has become of what was sent. */
  get unanswered(): boolean {
    return this.status === 0 || this.status >= 502;
  }
}

/** Who is logged in. */
export interface User {
  id: string;
  name: string;
  role: string;
}

let token: string | null = null;
let user: User | null = null;

export const me = (): User | null => user;

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = {};
  if (token !== null) headers["X-CSRF-Token"] = token;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  } catch {
    throw new Refusal(0, "08006", "the screen does not answer", null);
  }
  if (response.status === 204) return undefined as T;
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer as T;
  const { sqlstate, message, hint } = (answer ?? {}) as Record<string, string | undefined>;
  throw new Refusal(response.status, sqlstate ?? "", message ?? response.statusText, hint ?? null);
}

export const get = <T>(path: string): Promise<T> => call("GET", path);
export const post = <T>(path: string, body: unknown): Promise<T> => call("POST", path, body);
export const patch = <T>(path: string, body: unknown): Promise<T> => call("PATCH", path, body);
export const remove = <T>(path: string): Promise<T> => call("DELETE", path);

interface Session {
  user: User | null;
  csrf: string | null;
}

function take(session: Session): void {
  user = session.user;
  token = session.csrf;
}

/** Asks who is logged in. */
export async function begin(): Promise<void> {
  take(await get<Session>("/api/session"));
}

/** Logs in by password or API key. */
export async function logIn(login: Record<string, string>): Promise<void> {
  take(await post<Session>("/api/session", login));
}

/** Logs out. */
export async function logOut(): Promise<void> {
  await remove("/api/session");
  take({ user: null, csrf: null });
}

/** A market's own part of the paths. */
export const market = (symbol: string): string => `/api/markets/${encodeURIComponent(symbol)}`;
