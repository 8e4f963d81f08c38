/** What this browser keeps: changes that are not saved yet, and pictures of pads. */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { SceneElement } from "./api/client";

/** What one tab has changed in a pad and the service has not acknowledged. */
export interface Draft {
  key: string;
  padId: string;
  userId: string;
  /** Goes up with each write, so that nobody deletes what they have not seen. */
  revision: number;
  elements: SceneElement[];
  appState: Record<string, unknown>;
  files: Record<string, unknown>;
}

export interface Picture {
  /** What it shows, without the version. */
  key: string;
  version: string;
  svg: string;
  background: string;
  usedAt: number;
}

/** The name of an event: a pad that was left has been saved. */
export const PAD_SAVED = "padws:pad-saved";

interface Schema extends DBSchema {
  /** What Excalidraw's library holds, as it hands it out. */
  library: { key: string; value: unknown };
  drafts: { key: string; value: Draft; indexes: { padId: string } };
  pictures: { key: string; value: Picture; indexes: { usedAt: number } };
}

let opened: Promise<IDBPDatabase<Schema>> | undefined;

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>("padws", 1, {
    upgrade(db) {
      db.createObjectStore("drafts", { keyPath: "key" }).createIndex("padId", "padId");
      db.createObjectStore("library");
      db.createObjectStore("pictures", { keyPath: "key" }).createIndex("usedAt", "usedAt");
    },
    terminated: () => (opened = undefined),
  });
  opened.catch(() => (opened = undefined));
  return opened;
}

export async function writeDraft(draft: Draft): Promise<void> {
  await (await database()).put("drafts", draft);
}

export async function draftsOf(padId: string, userId: string): Promise<Draft[]> {
  const drafts = await (await database()).getAllFromIndex("drafts", "padId", padId);
  return drafts.filter((draft) => draft.userId === userId);
}

/** The pads of which this browser holds unsaved changes of a user. */
export async function padsWithDrafts(userId: string): Promise<Set<string>> {
  const drafts = await (await database()).getAll("drafts");
  return new Set(drafts.filter((draft) => draft.userId === userId).map((draft) => draft.padId));
}

/** Delete a draft, unless its tab has written to it since. */
export async function deleteDraft(draft: Pick<Draft, "key" | "revision">): Promise<void> {
  const transaction = (await database()).transaction("drafts", "readwrite");
  const stored = await transaction.store.get(draft.key);
  if (stored && stored.revision <= draft.revision) await transaction.store.delete(draft.key);
  await transaction.done;
}

export const readLibrary = async (userId: string): Promise<unknown> =>
  (await (await database()).get("library", userId)) ?? [];

export async function writeLibrary(userId: string, items: unknown): Promise<void> {
  await (await database()).put("library", items, userId);
}

export async function readPicture(key: string, version: string): Promise<Picture | undefined> {
  const picture = await (await database()).get("pictures", key);
  return picture?.version === version ? picture : undefined;
}

/** Leave no pictures to whoever uses this browser next. Unsaved changes stay: they are nowhere else. */
export async function clearPictures(): Promise<void> {
  await (await database()).clear("pictures");
}

const MOST_PICTURES = 1200;

export async function writePicture(picture: Picture): Promise<void> {
  const transaction = (await database()).transaction("pictures", "readwrite");
  await transaction.store.put(picture);
  if ((await transaction.store.count()) > MOST_PICTURES) {
    const oldest = await transaction.store.index("usedAt").openCursor();
    await oldest?.delete();
  }
  await transaction.done;
}
