/** How changes reach the service. */

import { api, etagOf, ok, type Scene } from "../api/client";
import { apply, type Changes } from "./changes";

/** Save `changes` of a pad whose `version` is `scene`; ApiError 412 if it has another one by now. */
export function writeChanges(
  padId: string,
  version: number,
  scene: Scene,
  changes: Changes,
  order: readonly string[],
): Promise<{ version: number }> {
  return ok(
    api.POST("/api/pad/{pad_id}", {
      params: { path: { pad_id: padId } },
      headers: { "If-Match": etagOf(version) },
      body: apply(scene, changes, order),
    }),
  );
}
