/** Pictures, which the service keeps apart from drawings: loaded by their address, which browsers remember. */

import { ApiError, type Scene } from "./client";
import { text } from "../text";

/** An entry of a scene's `files`: with its picture in `dataURL`, or the picture's address. */
export interface SceneFile {
  mimeType?: string;
  dataURL?: string;
  picture?: string;
  [member: string]: unknown;
}

/** A file with its picture in it. */
export async function withPicture(id: string, file: SceneFile, headers: HeadersInit = {}): Promise<SceneFile> {
  const { picture, ...rest } = file;
  if (!picture?.startsWith("/api/")) return { ...rest, id };
  const response = await fetch(picture, { headers });
  if (!response.ok) throw new ApiError(response.status, text.status(response.status));
  // Of types that a browser might run the service does not say what they are.
  const content = new Blob([await response.arrayBuffer()], { type: file.mimeType ?? "" });
  return { ...rest, id, dataURL: await dataUrlOf(content) };
}

/** A scene with its pictures in it, as far as they can be loaded. */
export async function withPictures(scene: Scene): Promise<Scene> {
  const files = Object.entries(scene.files as Record<string, SceneFile>).map(
    async ([id, file]) => [id, await withPicture(id, file).catch(() => file)] as const,
  );
  return { ...scene, files: Object.fromEntries(await Promise.all(files)) };
}

const dataUrlOf = (content: Blob): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error!);
    reader.readAsDataURL(content);
  });
