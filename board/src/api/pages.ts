/** Lists that the service hands out in pages. */

import { ok } from "./client";

export interface Pages<T> {
  items: T[];
  /** Where the next page begins; empty after the last one. */
  cursor: string;
}

/** At least so many items, as far as there are any; `ask` is for a page, whose address has its beginning in `name`. */
export async function collect<T>(
  wanted: number,
  name: string,
  ask: (cursor: string) => Promise<{ data?: T[]; error?: unknown; response: Response }>,
): Promise<Pages<T>> {
  const found: Pages<T> = { items: [], cursor: "" };
  do {
    const answer = await ask(found.cursor);
    found.items.push(...(await ok(Promise.resolve(answer))));
    found.cursor = cursorIn(answer.response, name);
  } while (found.cursor && found.items.length < wanted);
  return found;
}

function cursorIn(response: Response, name: string): string {
  const [, next] = /<([^>]+)>; *rel="next"/.exec(response.headers.get("Link") ?? "") ?? [];
  return next ? (new URL(next, location.href).searchParams.get(name) ?? "") : "";
}
