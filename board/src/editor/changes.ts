/** What a drawing has become since the service last acknowledged it. */

import type { Scene, SceneElement } from "../api/client";

export interface Changes {
  elements: SceneElement[];
  appState: Record<string, unknown>;
  files: Record<string, unknown>;
}

/** What is on the screen; Excalidraw goes on changing the elements in place. */
export interface Screen {
  elements: readonly SceneElement[];
  appState: Record<string, unknown>;
  files: Record<string, unknown>;
}

/** The members of `appState` that belong to a drawing, not to whoever looks at it. */
const KEPT = ["viewBackgroundColor", "gridSize", "gridStep", "gridModeEnabled"] as const;

/** What tells one state of an element from another. */
type State = Pick<SceneElement, "version" | "versionNonce">;

const stateOf = ({ version = 1, versionNonce = 0 }: SceneElement): State => ({ version, versionNonce });

export const isSame = (one: State | undefined, { version = 1, versionNonce = 0 }: SceneElement): boolean =>
  one !== undefined && (one.version ?? 1) === version && (one.versionNonce ?? 0) === versionNonce;

export const keptAppState = (appState: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(KEPT.filter((key) => key in appState).map((key) => [key, appState[key]]));

export const isEmpty = ({ elements, appState, files }: Changes): boolean =>
  !elements.length && !Object.keys(appState).length && !Object.keys(files).length;

/** Two sets of changes as one: of each element the newer. */
export function combine(all: Changes[]): Changes {
  const elements = new Map<string, SceneElement>();
  for (const element of all.flatMap((changes) => changes.elements)) {
    const other = elements.get(element.id);
    if (!other || (other.version ?? 1) < (element.version ?? 1)) elements.set(element.id, element);
  }
  const appState = Object.assign({}, ...all.map((changes) => changes.appState)) as Changes["appState"];
  const files = Object.assign({}, ...all.map((changes) => changes.files)) as Changes["files"];
  const sortedByIndex = [...elements.values()].sort((a, b) => compare(a.index ?? "", b.index ?? ""));
  return { elements: sortedByIndex, appState, files };
}

function sorted(elements: SceneElement[], order: readonly string[]): SceneElement[] {
  if (elements.every((element) => element.index)) {
    return elements.sort((a, b) => compare(a.index!, b.index!) || compare(a.id, b.id));
  }
  const rank = new Map(order.map((id, place) => [id, place]));
  return elements.sort((a, b) => (rank.get(a.id) ?? Infinity) - (rank.get(b.id) ?? Infinity) || 0);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** An element as it is once somebody has deleted it. */
export const deleted = (element: SceneElement): SceneElement => ({
  ...element,
  isDeleted: true,
  version: (element.version ?? 1) + 1,
  versionNonce: Math.floor(Math.random() * 2 ** 31),
  updated: Date.now(),
});

/** Tells the screen from what the service has, element by element. Asked at every move of the pen: it must stay cheap. */
export class Comparison {
  readonly #stored: Map<string, SceneElement>;
  /** How elements are on the screen that are as the service has them. */
  readonly #clean: Map<string, State>;
  #cleanAppState: Record<string, unknown>;
  /** What has gone from the screen altogether: a drawing that another replaced. */
  readonly #vanished = new Map<string, SceneElement>();

  constructor(
    private base: Scene,
    shown: readonly SceneElement[],
    appState: Record<string, unknown>,
  ) {
    this.#stored = new Map(base.elements.map((element) => [element.id, element]));
    this.#clean = new Map(shown.map((element) => [element.id, stateOf(element)]));
    this.#cleanAppState = keptAppState(appState);
  }

  /** What the service has. */
  get elements(): Iterable<SceneElement> {
    return this.#stored.values();
  }

  get files(): Record<string, unknown> {
    return this.base.files;
  }

  /** Whether every element has an index, which says what lies above what. */
  get isOrdered(): boolean {
    for (const element of this.#stored.values()) if (!element.index) return false;
    return true;
  }

  /** The version of an element at the service, if it is there. */
  versionOf(id: string): number | undefined {
    const element = this.#stored.get(id);
    return element && (element.version ?? 1);
  }

  /** What the service would have with some changes; `order` has the ids from the back to the front. */
  with(changes: Changes, order: readonly string[]): Scene {
    const elements = new Map(this.#stored);
    for (const element of changes.elements) elements.set(element.id, element);
    return {
      ...this.base,
      elements: sorted([...elements.values()], order),
      appState: { ...this.base.appState, ...changes.appState },
      files: { ...this.base.files, ...changes.files },
    };
  }

  isChanged(element: SceneElement): boolean {
    return !isSame(this.#clean.get(element.id), element);
  }

  /** Show an older state of an element for a while, without calling that a change. */
  tolerate(element: SceneElement): void {
    this.#clean.set(element.id, stateOf(element));
  }

  /** Whether there are changes; what is being drawn is the last of the elements. */
  hasChanges(screen: Screen): boolean {
    return screen.elements.findLast((element) => this.isChanged(element)) !== undefined || !isEmpty(this.changes(screen));
  }

  changes(screen: Screen): Changes {
    const elements: SceneElement[] = [];
    let known = 0;
    for (const element of screen.elements) {
      const clean = this.#clean.get(element.id);
      if (clean) known += 1;
      if (!isSame(clean, element)) elements.push(element);
    }
    if (known === this.#clean.size) this.#vanished.clear();
    else elements.push(...this.#gone(new Set(screen.elements.map(({ id }) => id))));
    return { elements, appState: this.#changedAppState(screen), files: this.#newFiles(screen) };
  }

  #gone(shown: Set<string>): SceneElement[] {
    for (const element of this.#stored.values()) {
      const isGone = this.#clean.has(element.id) && !shown.has(element.id) && !element.isDeleted;
      if (!isGone) this.#vanished.delete(element.id);
      else if (!this.#vanished.has(element.id)) this.#vanished.set(element.id, deleted(element));
    }
    return [...this.#vanished.values()];
  }

  #changedAppState({ appState }: Screen): Record<string, unknown> {
    const kept = Object.entries(keptAppState(appState));
    return Object.fromEntries(kept.filter(([key, value]) => this.#cleanAppState[key] !== value));
  }

  #newFiles({ elements, files }: Screen): Record<string, unknown> {
    const missing = Object.entries(files).filter(([id]) => !this.base.files[id]);
    if (!missing.length) return {};
    const used = new Set(elements.map((element) => element["fileId"]));
    return Object.fromEntries(missing.filter(([id]) => used.has(id)));
  }

  /** The service has these changes now. */
  acknowledge(changes: Changes): void {
    const { appState, files } = this.base;
    this.base = { ...this.base, appState: { ...appState, ...changes.appState }, files: { ...files, ...changes.files } };
    Object.assign(this.#cleanAppState, changes.appState);
    for (const element of changes.elements) {
      this.#stored.set(element.id, element);
      if (this.#vanished.get(element.id)?.versionNonce === element.versionNonce) this.#clean.delete(element.id);
      else this.#clean.set(element.id, stateOf(element));
      this.#vanished.delete(element.id);
    }
  }
}
