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

export const signature = ({ version, versionNonce }: SceneElement): string => `${version ?? 1}:${versionNonce ?? 0}`;

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

/** A scene with changes in it; `order` has the ids from the back to the front, as far as known. */
export function apply(scene: Scene, changes: Changes, order: readonly string[]): Scene {
  const elements = new Map(scene.elements.map((element) => [element.id, element]));
  for (const element of changes.elements) elements.set(element.id, element);
  return {
    ...scene,
    elements: sorted([...elements.values()], order),
    appState: { ...scene.appState, ...changes.appState },
    files: { ...scene.files, ...changes.files },
  };
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

/** Tells the screen from what the service has, element by element. */
export class Comparison {
  /** How elements look on the screen that are as the service has them. */
  #clean: Map<string, string>;
  #cleanAppState: Record<string, unknown>;
  /** What has gone from the screen altogether: a drawing that another replaced. */
  readonly #vanished = new Map<string, SceneElement>();

  constructor(
    private base: Scene,
    shown: readonly SceneElement[],
    appState: Record<string, unknown>,
  ) {
    this.#clean = new Map(shown.map((element) => [element.id, signature(element)]));
    this.#cleanAppState = keptAppState(appState);
  }

  get scene(): Scene {
    return this.base;
  }

  /** Whether every element has an index, which says what lies above what. */
  get isOrdered(): boolean {
    return this.base.elements.every((element) => element.index);
  }

  isChanged(element: SceneElement): boolean {
    return this.#clean.get(element.id) !== signature(element);
  }

  /** Show an older state of an element for a while, without calling that a change. */
  tolerate(element: SceneElement): void {
    this.#clean.set(element.id, signature(element));
  }

  changes(screen: Screen): Changes {
    const elements = screen.elements.filter((element) => this.isChanged(element));
    elements.push(...this.#gone(new Set(screen.elements.map((element) => element.id))));
    return { elements, appState: this.#changedAppState(screen), files: this.#newFiles(screen) };
  }

  #gone(shown: Set<string>): SceneElement[] {
    for (const element of this.base.elements) {
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
    const used = new Set(elements.map((element) => element["fileId"]));
    const missing = Object.entries(files).filter(([id]) => used.has(id) && !this.base.files[id]);
    return Object.fromEntries(missing);
  }

  /** The service has these changes now. */
  acknowledge(changes: Changes, order: readonly string[]): void {
    this.base = apply(this.base, changes, order);
    Object.assign(this.#cleanAppState, changes.appState);
    for (const element of changes.elements) {
      if (this.#vanished.get(element.id)?.versionNonce === element.versionNonce) this.#clean.delete(element.id);
      else this.#clean.set(element.id, signature(element));
      this.#vanished.delete(element.id);
    }
  }
}
