/** Pictures of drawings: drawn in the browser's idle time, one after the other, and kept. */

import type { Scene } from "./api/client";
import { type Picture, readPicture, writePicture } from "./store";

const PADDING = 28;

let queue: Promise<unknown> = Promise.resolve();

const idle = (): Promise<void> =>
  new Promise((resolve) => {
    if ("requestIdleCallback" in window) requestIdleCallback(() => resolve(), { timeout: 2_000 });
    else setTimeout(resolve, 50);
  });

/** The picture of a version of a drawing; `load` fetches the drawing if it has to be drawn. */
export async function pictureOf(
  key: string,
  version: string,
  load: () => Promise<Scene>,
  signal: AbortSignal,
): Promise<Picture | null> {
  const kept = await readPicture(key, version).catch(() => undefined);
  if (kept) return kept;
  const drawn = queue.then(async () => {
    if (signal.aborted) return null;
    const scene = await load();
    await idle();
    const picture = { key, version, ...(await draw(scene)), usedAt: Date.now() };
    await writePicture(picture).catch(() => undefined); // without room it is drawn again next time
    return picture;
  });
  queue = drawn.catch(() => undefined);
  return drawn;
}

async function draw(scene: Scene): Promise<Pick<Picture, "svg" | "background">> {
  const { exportToSvg, restoreElements } = await import("@excalidraw/excalidraw");
  const elements = restoreElements(scene.elements as never, null).filter((element) => !element.isDeleted);
  const background = String(scene.appState["viewBackgroundColor"] ?? "#ffffff");
  if (!elements.length) return { svg: "", background };
  const svg = await exportToSvg({
    elements: elements as never,
    appState: { exportBackground: false, exportWithDarkMode: false },
    files: scene.files as never,
    exportPadding: PADDING,
  });
  return { svg: new XMLSerializer().serializeToString(svg), background };
}
