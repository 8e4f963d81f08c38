/** What can be done to pads without opening them. */

import { api, ApiError, createPad, etagOf, getPad, type ListedPad, ok, type Pad, type Scene, sceneOf } from "../api/client";
import { withPictures } from "../api/pictures";
import { text } from "../text";
import { report } from "../ui/report";
import { showToast } from "../ui/toasts";

export const listTemplates = () => ok(api.GET("/api/templates", { params: { query: { data: false } } }));

export const loadScene = async (padId: string): Promise<Scene> => sceneOf((await getPad(padId))!.data);

export const loadPictured = async (padId: string): Promise<Scene> => withPictures(await loadScene(padId));

export const newBlankPad = (): Promise<Pad> =>
  createPad(text.gallery.newName, { elements: [], appState: {}, files: {} });

export const newFromTemplate = (name: string, displayName: string): Promise<Pad> =>
  ok(
    api.POST("/api/pad/from-template/{name}", {
      params: { path: { name } },
      body: { display_name: displayName },
    }),
  );

/** Pictures are neither read nor sent for that: the scene names them, and the service has them. */
export async function duplicate(pad: ListedPad): Promise<Pad> {
  const scene = await loadScene(pad.id);
  const elements = scene.elements.filter((element) => !element.isDeleted);
  return createPad(text.gallery.copyOf(pad.display_name), { ...scene, elements });
}

/** Pads that are hidden, and deleted once nobody has taken that back. */
const doomed = new Set<string>();

export const isDoomed = (padId: string): boolean => doomed.has(padId);

/** Delete a pad unless somebody undoes that, or it is changed meanwhile. */
export function deleteLater(pad: ListedPad, onChange: () => void): void {
  doomed.add(pad.id);
  onChange();
  showToast({
    message: text.gallery.deleted(pad.display_name),
    action: {
      label: text.gallery.undo,
      run: () => {
        doomed.delete(pad.id);
        onChange();
      },
    },
    onEnd: () => void deleteNow(pad).then(onChange),
  });
}

async function deleteNow(pad: ListedPad): Promise<void> {
  const { id, display_name: name } = pad;
  const request = api.DELETE("/api/pad/{pad_id}", {
    params: { path: { pad_id: id } },
    headers: { "If-Match": etagOf(pad.version) },
    keepalive: true,
  });
  try {
    const { response, error } = await request;
    if (response.status === 412) showToast({ message: text.gallery.changedElsewhere(name) });
    else if (response.status !== 404) await ok(Promise.resolve({ data: undefined, error, response }));
  } catch (error) {
    showToast({ message: text.gallery.notDeleted(name, (error as Error).message) });
  }
  doomed.delete(id);
}

/** Make a pad of each file that is a drawing. */
export async function importFiles(files: File[]): Promise<void> {
  let imported = 0;
  for (const file of files) {
    try {
      await importFile(file);
      imported += 1;
    } catch (error) {
      const isNone = error instanceof ApiError && (error.status === 400 || error.status === 422);
      if (isNone) showToast({ message: text.gallery.notImported(file.name) });
      else await report(error);
    }
  }
  if (imported) showToast({ message: text.gallery.imported(imported) });
}

const importFile = (file: File): Promise<Pad> =>
  ok(
    api.POST("/api/pad/import", {
      params: { query: { display_name: nameOf(file) } },
      headers: { "Content-Type": "application/vnd.excalidraw+json" },
      body: file as never, // as it is on the disk
      bodySerializer: (body) => body,
    }),
  );

function nameOf(file: File): string {
  const name = file.name.replace(/(\.excalidraw)?\.(excalidraw|json|png|svg)$/i, "").replace(/\p{Cc}/gu, " ").trim();
  return name.slice(0, 100) || text.gallery.newName;
}
