/**
 * Keeps a pad the same here and at the service, and loses nothing on the way.
 *
 * What has changed here is written to IndexedDB at once and to the service 1.2 s after the last
 * change. The service merges it into the pad by Excalidraw's rule, and says whether others have
 * changed the pad meanwhile: then it is read. There is one request at a time, so answers come in order.
 */

import { bumpVersion, CaptureUpdateAction, reconcileElements, restoreAppState, restoreElements } from "@excalidraw/excalidraw";
import type { ExcalidrawImperativeAPI } from "@excalidraw/excalidraw/types";
import { ApiError, createPad, getPad, getUser, type Pad, type SceneElement, sceneOf } from "../api/client";
import { type SceneFile, withPicture } from "../api/pictures";
import { isFull, whyFull } from "../api/usage";
import { deleteDraft, type Draft, PAD_SAVED, writeDraft } from "../store";
import { type Changes, combine, Comparison, isEmpty, isSame, keptAppState, type Screen } from "./changes";
import { fit } from "./fit";
import { writeChanges } from "./write";

export type Status =
  | "saved"
  | "waiting"
  | "saving"
  | "offline"
  | "unavailable"
  | "signedOut"
  | "otherUser"
  | "tooLarge"
  | "full"
  | "refused"
  | "gone";

export interface View {
  status: Status;
  why: string;
  name: string;
  isUnsaved: boolean;
  /** Whether this browser keeps what is not saved yet. */
  isKept: boolean;
  notice: "" | "recovered" | "replaced" | "kept";
}

/** Milliseconds. */
const AFTER_LAST_CHANGE = 1_200;
const WITHOUT_A_PAUSE = 10_000;
const BETWEEN_LOOKS = 3_000;
const BETWEEN_DRAFTS = 100;
const LONGEST_WAIT = 15_000;

/** In these, trying again would not help until something else happens. */
const BLOCKED: Status[] = ["signedOut", "otherUser", "tooLarge", "full", "refused", "gone"];

type Elements = Parameters<typeof reconcileElements>[0];
type Remote = Parameters<typeof reconcileElements>[1];
type AppState = Parameters<typeof reconcileElements>[2];

const restored = (elements: SceneElement[]): SceneElement[] =>
  restoreElements(elements as never, null) as unknown as SceneElement[];

/** Done once what pads that were closed had left is in IndexedDB. */
let written: Promise<unknown> = Promise.resolve();
export const allWritten = (): Promise<unknown> => written;

export class PadSync {
  readonly padId: string;
  #version: number;
  #comparison: Comparison;
  #screen: Screen;
  #api: ExcalidrawImperativeAPI | null = null;
  #view: View;
  #listeners = new Set<() => void>();
  #fingerprint = "";
  #firstChange = 0;
  #lastChange = 0;
  #failures = 0;
  /** Milliseconds that the service has asked to wait. */
  #retryAfter = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | null = null;
  #closed = false;
  #loadingPictures = new Set<string>();
  /** Elements that are being edited here and have changed at the service. */
  #behind = new Set<string>();
  #draft: Draft;
  #adopted: Draft[];
  #drafting = false;
  #draftAgain = false;
  #isPointerDown = false;
  /** Ends the pause between two drafts. */
  #endPause = (): void => undefined;

  constructor(pad: Pad, readonly userId: string, drafts: Draft[]) {
    this.padId = pad.id;
    this.#version = pad.version;
    const scene = sceneOf(pad.data);
    const shown = restored(scene.elements);
    const appState = restoreAppState(scene.appState, null) as unknown as Record<string, unknown>;
    this.#comparison = new Comparison(scene, shown, appState);
    const unsaved = combine(drafts);
    this.#screen = {
      elements: this.#merged(restored(unsaved.elements), shown, {} as AppState),
      appState: { ...keptAppState(appState), ...unsaved.appState },
      files: { ...scene.files, ...unsaved.files },
    };
    this.#adopted = drafts;
    this.#draft = {
      key: crypto.getRandomValues(new Uint32Array(4)).join("-"),
      padId: pad.id,
      userId,
      revision: 0,
      elements: [],
      appState: {},
      files: {},
    };
    const isRecovered = !isEmpty(this.#changes());
    this.#view = {
      status: isRecovered ? "waiting" : "saved",
      why: "",
      name: pad.display_name,
      isUnsaved: isRecovered,
      isKept: true,
      notice: isRecovered ? "recovered" : "",
    };
  }

  /** What Excalidraw begins with; it is handed pictures as they are loaded. */
  get initial(): Screen {
    return { ...this.#screen, files: {} };
  }

  get view(): View {
    return this.#view;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #show(view: Partial<View>): void {
    const isNews = Object.entries(view).some(([key, value]) => this.#view[key as keyof View] !== value);
    if (!isNews) return;
    this.#view = { ...this.#view, ...view };
    this.#listeners.forEach((listener) => listener());
  }

  dismiss(): void {
    this.#show({ notice: "" });
  }

  /** Begin, once there is an editor to show in what others change. */
  open(api: ExcalidrawImperativeAPI): void {
    this.#api = api;
    document.addEventListener("visibilitychange", this.#onVisibility);
    window.addEventListener("pagehide", this.#onHide);
    window.addEventListener("online", this.#onReturn);
    window.addEventListener("focus", this.#onFocus);
    window.addEventListener("storage", this.#onStorage);
    window.addEventListener("beforeunload", this.#onUnload);
    if (this.#view.notice) this.#noteChange();
    else this.#allSaved(); // what other tabs had left has arrived, only its answer had not
    this.#showPictures();
    this.#plan();
  }

  /** End. What is not saved yet is saved in the background, or is back next time. */
  close(): void {
    document.removeEventListener("visibilitychange", this.#onVisibility);
    window.removeEventListener("pagehide", this.#onHide);
    window.removeEventListener("online", this.#onReturn);
    window.removeEventListener("focus", this.#onFocus);
    window.removeEventListener("storage", this.#onStorage);
    window.removeEventListener("beforeunload", this.#onUnload);
    this.#listeners.clear();
    this.#api = null;
    clearTimeout(this.#timer);
    written = Promise.all([written, this.#writeDraft()]);
    void this.#saveTheRest();
  }

  async #saveTheRest(): Promise<void> {
    for (let attempt = 0; attempt < 3 && this.#isChanged(); attempt += 1) await this.saveNow();
    this.#closed = true;
    window.dispatchEvent(new Event(PAD_SAVED));
  }

  #onVisibility = (): void => {
    if (document.hidden) void this.#writeDraft();
    void this.saveNow();
  };
  #onHide = (): void => void this.#writeDraft();
  #onReturn = (): void => void this.saveNow();
  /** Back from having made room, perhaps. */
  #onFocus = (): void => void (this.#view.status === "full" && this.retry());
  #onStorage = (event: StorageEvent): void => {
    if (event.key === "auth_completed") void this.signedIn();
  };
  #onUnload = (event: BeforeUnloadEvent): void => {
    if (!this.#view.isKept && this.#isChanged()) event.preventDefault();
  };

  #changes(): Changes {
    return this.#comparison.changes(this.#screen);
  }

  #isChanged(): boolean {
    return this.#comparison.hasChanges(this.#screen);
  }

  get #order(): string[] {
    return this.#screen.elements.map((element) => element.id);
  }

  // What changes here

  /** Excalidraw's onChange: also called for what is no change of the drawing. */
  change(elements: readonly SceneElement[], appState: Record<string, unknown>, files: Record<string, unknown>): void {
    if (this.#closed) return;
    if (!this.#fingerprint && this.#api) fit(this.#api);
    this.#isPointerDown = appState["cursorButton"] === "down";
    this.#screen = { elements, appState: keptAppState(appState), files };
    const fingerprint = fingerprintOf(this.#screen);
    if (fingerprint === this.#fingerprint) return;
    this.#fingerprint = fingerprint;
    if (this.#isChanged()) this.#noteChange();
  }

  #noteChange(): void {
    this.#lastChange = Date.now();
    this.#firstChange ||= this.#lastChange;
    this.#keepDraft();
    this.#show({ isUnsaved: true });
    const { status } = this.#view;
    if (status === "saved" || status === "tooLarge" || status === "full" || status === "refused") this.#show({ status: "waiting", why: "" });
    this.#plan();
  }

  /** Write what is not saved into IndexedDB; one write at a time, the newest state last. */
  #keepDraft(): void {
    if (this.#drafting) {
      this.#draftAgain = true;
      if (!this.#isPointerDown) this.#endPause(); // a stroke is done
      return;
    }
    this.#drafting = true;
    void this.#writeDrafts().finally(() => (this.#drafting = false));
  }

  async #writeDrafts(): Promise<void> {
    do {
      this.#draftAgain = false;
      const began = performance.now();
      await this.#writeDraft();
      const pause = Math.max(BETWEEN_DRAFTS, 5 * (performance.now() - began));
      await new Promise<void>((resolve) => {
        this.#endPause = resolve;
        setTimeout(resolve, Math.min(pause, 1_000));
      });
    } while (this.#draftAgain);
  }

  async #writeDraft(): Promise<void> {
    const changes = this.#changes();
    this.#draft = { ...this.#draft, ...changes, revision: this.#draft.revision + 1 };
    try {
      await (isEmpty(changes) ? deleteDraft(this.#draft) : writeDraft(this.#draft));
      this.#show({ isKept: true });
    } catch {
      this.#show({ isKept: false });
    }
  }

  // When to ask the service

  #plan(): void {
    clearTimeout(this.#timer);
    const delay = this.#delay();
    if (delay !== null && !this.#running && this.#api) this.#timer = setTimeout(() => void this.#run(), delay);
  }

  /** Milliseconds until the next request; null where nothing is to be asked. */
  #delay(): number | null {
    if (this.#closed || BLOCKED.includes(this.#view.status)) return null;
    if (this.#failures) return Math.max(this.#retryAfter, Math.min(LONGEST_WAIT, 500 * 2 ** this.#failures));
    if (!this.#firstChange) return document.hidden ? null : BETWEEN_LOOKS;
    const due = Math.min(this.#lastChange + AFTER_LAST_CHANGE, this.#firstChange + WITHOUT_A_PAUSE);
    return Math.max(0, due - Date.now());
  }

  /** Save, or look for what others have changed, without waiting any longer. */
  async saveNow(): Promise<void> {
    if (BLOCKED.includes(this.#view.status)) return;
    clearTimeout(this.#timer);
    await this.#running;
    await this.#run();
  }

  /** Whoever has just signed in, in a popup or another tab, may be the one who drew this. */
  async signedIn(): Promise<void> {
    if (this.#view.status === "signedOut" || this.#view.status === "otherUser") await this.retry();
  }

  /** Try again what the service has refused. */
  async retry(): Promise<void> {
    this.#show({ status: "waiting", why: "" });
    await this.saveNow();
  }

  async #run(): Promise<void> {
    if (this.#running) return this.#running;
    this.#running = this.#step().catch((error: unknown) => this.#failed(error));
    await this.#running;
    this.#running = null;
    this.#plan();
  }

  async #step(): Promise<void> {
    const changes = this.#ready();
    if (!isEmpty(changes)) await this.#save(changes);
    else {
      this.#firstChange = 0;
      await this.#look();
    }
    this.#failures = 0;
    this.#show({ status: this.#firstChange ? "waiting" : "saved", why: "" });
  }

  /** The changes, as they are to be sent: each newer than what it replaces. */
  #ready(): Changes {
    const changes = this.#changes();
    if (!isEmpty(changes) && !this.#comparison.isOrdered) changes.elements = this.#all(changes.elements);
    for (const element of changes.elements) {
      const version = this.#comparison.versionOf(element.id);
      if (version !== undefined && (element.version ?? 1) <= version) bumpVersion(element as never, version);
    }
    return structuredClone(changes);
  }

  /** All elements: where some have no index yet, each needs the one that it has on the screen. */
  #all(changed: SceneElement[]): SceneElement[] {
    const gone = changed.filter((element) => !this.#screen.elements.includes(element));
    return [...this.#screen.elements, ...gone];
  }

  // What the service answers

  async #save(changes: Changes): Promise<void> {
    this.#show({ status: "saving", why: "" });
    const began = Date.now();
    const saved = await writeChanges(this.padId, this.#version, changes).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 412) return null;
      throw error;
    });
    if (!saved) return this.#look();
    if (!saved.others) this.#version = saved.version;
    this.#comparison.acknowledge(changes);
    if (this.#isChanged()) this.#firstChange = began;
    else this.#allSaved();
    this.#keepDraft();
    if (saved.isKept) this.#show({ notice: "kept" });
    if (saved.others) await this.#look();
  }

  #allSaved(): void {
    this.#firstChange = 0;
    this.#show({ isUnsaved: false });
    const adopted = this.#adopted.splice(0);
    adopted.forEach((draft) => void deleteDraft(draft).catch(() => undefined));
  }

  /** Fetch what others have changed. */
  async #look(): Promise<void> {
    const isBehind = this.#behind.size && ![...this.#behind].some((id) => this.#edited().has(id));
    const pad = await getPad(this.padId, isBehind ? undefined : this.#version);
    if (pad) this.#receive(pad);
    else this.#showPictures();
  }

  #receive(pad: Pad): void {
    const scene = sceneOf(pad.data);
    if (this.#wasReplaced(scene.elements)) this.#show({ notice: "replaced" });
    const unsaved = this.#changes();
    const changed = new Set(unsaved.elements.map((element) => element.id));
    const remote = this.#restored(scene.elements);
    const appState = restoreAppState(scene.appState, null) as unknown as Record<string, unknown>;
    this.#version = pad.version;
    this.#comparison = new Comparison(scene, remote, appState);
    this.#behind.clear();
    const underThePointer = this.#edited();
    const edited = this.#screen.elements.filter(({ id }) => underThePointer.has(id) && !changed.has(id));
    edited.filter((element) => this.#comparison.isChanged(element)).forEach((element) => {
      this.#comparison.tolerate(element);
      this.#behind.add(element.id);
    });
    const elements = this.#merged([...unsaved.elements, ...edited], remote, this.#appState());
    this.#screen = {
      elements,
      appState: { ...this.#screen.appState, ...keptAppState(appState), ...unsaved.appState },
      files: { ...this.#screen.files, ...scene.files },
    };
    this.#draw();
    if (this.#isChanged()) this.#firstChange ||= Date.now();
    else this.#allSaved();
    this.#keepDraft();
    this.#show({ name: pad.display_name });
  }

  #draw(): void {
    const api = this.#api;
    if (!api) return;
    const { elements, appState } = this.#screen;
    api.updateScene({
      elements: elements as never,
      appState: appState as never,
      captureUpdate: CaptureUpdateAction.NEVER,
    });
    this.#fingerprint = fingerprintOf(this.#screen);
    this.#showPictures();
  }

  /** Hand Excalidraw the pictures that it lacks; most must be loaded first. */
  #showPictures(): void {
    const files = { ...this.#comparison.files, ...this.#screen.files } as Record<string, SceneFile>;
    const here = this.#api?.getFiles() ?? {};
    for (const [id, file] of Object.entries(files)) {
      if (id in here || this.#loadingPictures.has(id)) continue;
      this.#loadingPictures.add(id);
      withPicture(id, file)
        .then((whole) => this.#api?.addFiles([whole as never]), () => undefined) // the next look tries again
        .finally(() => this.#loadingPictures.delete(id));
    }
  }

  /** Whether an element is older at the service than it was, or gone: somebody put the pad back. */
  #wasReplaced(elements: SceneElement[]): boolean {
    const versions = new Map(elements.map((element) => [element.id, element.version ?? 1]));
    for (const { id, version, isDeleted } of this.#comparison.elements) {
      if (!isDeleted && (versions.get(id) ?? 0) < (version ?? 1)) return true;
    }
    return false;
  }

  /** The elements under the pointer or the keyboard. */
  #edited(): Set<string> {
    const { editingTextElement, resizingElement, newElement } = this.#appState();
    const elements = [editingTextElement, resizingElement, newElement];
    return new Set(elements.flatMap((element) => (element ? [element.id] : [])));
  }

  #appState(): AppState {
    return this.#api?.getAppState() ?? ({} as AppState);
  }

  /**
   * Elements as Excalidraw has them. Those that are the same on the screen are the objects there: strokes go on in
   * them, and nothing is done again for a whole drawing of which another has changed a little.
   */
  #restored(elements: SceneElement[]): SceneElement[] {
    const shown = new Map(this.#screen.elements.map((element) => [element.id, element]));
    // Those that other clients have made may have neither version nor nonce.
    const isShown = (element: SceneElement) => Boolean(element.versionNonce) && isSame(shown.get(element.id), element);
    // An index that is missing is found between those of all others.
    const isOrdered = elements.every((element) => element.index);
    const made = restored(isOrdered ? elements.filter((element) => !isShown(element)) : elements);
    const news = new Map(made.map((element) => [element.id, element]));
    return elements.flatMap((element) => (isShown(element) ? shown.get(element.id)! : (news.get(element.id) ?? [])));
  }

  #merged(local: SceneElement[], remote: SceneElement[], appState: AppState): SceneElement[] {
    return reconcileElements(local as unknown as Elements, remote as unknown as Remote, appState) as unknown as SceneElement[];
  }

  // What goes wrong

  async #failed(error: unknown): Promise<void> {
    const { status, message, retryAfter } = error instanceof ApiError ? error : new ApiError(0, String(error));
    if (status === 401) this.#show({ status: "signedOut" });
    else if (status === 404) this.#show({ status: (await this.#isOurs()) ? "gone" : "otherUser" });
    else if (isFull(error)) this.#show({ status: "full", why: await whyFull(error) });
    else if (status === 413) this.#show({ status: "tooLarge" });
    else if (status === 400 || status === 422 || status === 403) this.#show({ status: "refused", why: message });
    else {
      this.#failures += 1;
      this.#retryAfter = retryAfter * 1_000;
      this.#show({ status: status ? "unavailable" : "offline", why: message });
    }
  }

  /** Whether whoever is signed in is still the one who opened this pad. */
  async #isOurs(): Promise<boolean> {
    const user = await getUser().catch(() => null);
    return !user || user.id === this.userId;
  }

  /** Make a new pad of what is on the screen; its id. */
  async keepAsNew(): Promise<string> {
    const scene = this.#comparison.with(structuredClone(this.#changes()), this.#order);
    const pad = await createPad(this.#view.name, scene);
    await this.forget();
    return pad.id;
  }

  /** Give up what is not saved. */
  async forget(): Promise<void> {
    this.#closed = true;
    this.#draft.revision += 1;
    await Promise.all([this.#draft, ...this.#adopted].map((draft) => deleteDraft(draft).catch(() => undefined)));
  }
}

/** Changes with every change of a drawing; cheaper than comparing. */
function fingerprintOf({ elements, appState, files }: Screen): string {
  let versions = 0;
  let nonces = 0;
  for (const { version, versionNonce } of elements) {
    versions += version ?? 1;
    nonces ^= versionNonce ?? 0;
  }
  return [elements.length, versions, nonces, Object.keys(files).length, ...Object.values(appState)].join();
}
