/** What of an earlier state is no longer as it was, in words. */

import { restoreElements } from "@excalidraw/excalidraw";
import type { Scene, SceneElement } from "../api/client";
import { text } from "../text";

export interface Lost {
  id: string;
  /** What it is, what is written on it, and where it lies. */
  name: string;
  /** Whether the drawing lacks it now; else it looks different. */
  isMissing: boolean;
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

type Placed = SceneElement & Box & { type: string; text?: string; containerId?: string | null };

const MOST_WORDS = 40;

/** The elements that are missing now, then those that are different; each from the top to the bottom. */
export function lostSince(then: Scene, now: Scene): Lost[] {
  const shown = (restoreElements(then.elements as never, null) as unknown as Placed[]).filter(({ isDeleted }) => !isDeleted);
  const here = new Map(now.elements.filter(({ isDeleted }) => !isDeleted).map((element) => [element.id, element]));
  const before = new Map(then.elements.map((element) => [element.id, element]));
  const isDifferent = ({ id }: SceneElement) => contentOf(before.get(id)) !== contentOf(here.get(id));
  const written = new Map(shown.map((element) => [element.id, [] as Placed[]]));
  for (const element of shown) written.get(element.containerId ?? "")?.push(element);
  const isApart = ({ containerId }: Placed) => !written.has(containerId ?? "");
  const all = boxOf(shown);
  return shown
    .filter(isApart) // a text comes along with what it is written on
    .filter((element) => [element, ...(written.get(element.id) ?? [])].some(isDifferent))
    .sort((a, b) => a.y - b.y || a.x - b.x)
    .map((element) => ({ id: element.id, name: nameOf(element, written.get(element.id), all), isMissing: !here.has(element.id) }))
    .sort((a, b) => Number(b.isMissing) - Number(a.isMissing));
}

/** An element without what also changes when nobody has changed it. */
const contentOf = (element: SceneElement | undefined): string =>
  JSON.stringify({ ...element, version: 0, versionNonce: 0, updated: 0, index: "", seed: 0 });

function nameOf(element: Placed, written: Placed[] = [], all: Box): string {
  const words = [element, ...written].map((each) => each.text ?? "").join(" ").replace(/\s+/g, " ").trim();
  const short = words.length > MOST_WORDS ? `${words.slice(0, MOST_WORDS)}…` : words;
  return text.history.element(element.type, short, placeOf(element, all));
}

/** In which ninth of the drawing something lies: [column, row]. */
function placeOf({ x, y, width, height }: Box, all: Box): [number, number] {
  const third = (middle: number, from: number, size: number) => Math.min(2, Math.floor((3 * (middle - from)) / Math.max(size, 1)));
  return [third(x + width / 2, all.x, all.width), third(y + height / 2, all.y, all.height)];
}

function boxOf(elements: Box[]): Box {
  const ends = elements.reduce(
    (so, { x, y, width, height }) => ({
      left: Math.min(so.left, x),
      top: Math.min(so.top, y),
      right: Math.max(so.right, x + width),
      bottom: Math.max(so.bottom, y + height),
    }),
    { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity },
  );
  return { x: ends.left, y: ends.top, width: ends.right - ends.left, height: ends.bottom - ends.top };
}
