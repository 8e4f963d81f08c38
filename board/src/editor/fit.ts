import type { ExcalidrawImperativeAPI } from "@excalidraw/excalidraw/types";

/** Have the whole drawing in sight, with some paper around it, but nothing larger than it is. */
export function fit(api: ExcalidrawImperativeAPI): void {
  api.scrollToContent(undefined, { fitToViewport: true, viewportZoomFactor: 0.9, minZoom: 0.1, maxZoom: 1, animate: false });
}
