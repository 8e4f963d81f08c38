/** What a user has, and what that means once it is as much as they may have. */

import { text } from "../text";
import { api, ApiError, ok, type Usage } from "./client";

export const getUsage = (): Promise<Usage> => ok(api.GET("/api/users/me/usage"));

export const isFull = (error: unknown): error is ApiError => error instanceof ApiError && error.code === "quota_exceeded";

/** Why nothing can be added, in words. */
export async function whyFull({ limit }: ApiError): Promise<string> {
  const usage = await getUsage().catch(() => null);
  if (!usage) return text.full.unknown;
  return limit === usage.pads_limit ? text.full.pads(limit) : text.full.bytes(usage.bytes, limit);
}
