/** How changes reach the service. */

import { api, etagOf, ok } from "../api/client";
import type { Changes } from "./changes";

export interface Written {
  version: number;
  /** Whether the pad holds changes that are not here yet. */
  others: boolean;
  /** Whether what others had changed was replaced, and is in the history. */
  isKept: boolean;
}

/** Merge changes that start from `version` into a pad; ApiError 412 if it was restored since. */
export async function writeChanges(padId: string, version: number, changes: Changes): Promise<Written> {
  const saved = await ok(
    api.PATCH("/api/pad/{pad_id}/data", {
      params: { path: { pad_id: padId } },
      headers: { "If-Match": etagOf(version) },
      body: { ...changes },
    }),
  );
  return { version: saved.version, others: saved.others === true, isKept: Boolean(saved.kept) };
}
