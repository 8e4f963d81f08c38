/** What a link leads to, and its pictures. */

import { restoreAppState, restoreElements } from "@excalidraw/excalidraw";
import type { OrderedExcalidrawElement } from "@excalidraw/excalidraw/element/types";
import type { ExcalidrawImperativeAPI } from "@excalidraw/excalidraw/types";
import { api, etagOf, ok, type SharedPad, sceneOf } from "../api/client";
import { type SceneFile, withPicture } from "../api/pictures";

/** Headers are ASCII: the service decodes the password. */
const passwordHeader = (password: string | undefined): Record<string, string> =>
  password === undefined ? {} : { "X-Link-Password": encodeURIComponent(password) };

/** The pad behind a link, with the addresses of its pictures; null if its version is `known`. */
export async function openShared(token: string, password?: string, known?: number): Promise<SharedPad | null> {
  const isKnown = known === undefined ? {} : { "If-None-Match": etagOf(known) };
  const params = { path: { token }, query: { pictures: false } };
  const answer = await api.GET("/api/shared/{token}", { params, headers: { ...isKnown, ...passwordHeader(password) } });
  if (answer.response.status === 304) return null;
  return ok(Promise.resolve(answer));
}

/** What Excalidraw needs to show a pad. */
export function shownOf(pad: SharedPad): { elements: OrderedExcalidrawElement[]; appState: { viewBackgroundColor: string } } {
  const { elements, appState } = sceneOf(pad.data);
  const { viewBackgroundColor } = restoreAppState(appState, null);
  return { elements: restoreElements(elements as never, null), appState: { viewBackgroundColor } };
}

/** Hand Excalidraw the pictures that it lacks, as they come. */
export function showPictures(api: ExcalidrawImperativeAPI, pad: SharedPad, password?: string): void {
  const files = sceneOf(pad.data).files as Record<string, SceneFile>;
  for (const [id, file] of Object.entries(files).filter(([key]) => !(key in api.getFiles()))) {
    withPicture(id, file, passwordHeader(password)).then((whole) => api.addFiles([whole as never]), () => undefined);
  }
}
