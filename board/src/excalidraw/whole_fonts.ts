/**
 * What Excalidraw does with a font that goes into an exported SVG: here, all of it goes in.
 *
 * Its own code picks glyphs by a library of 670 KB that needs `eval`, which the board's content
 * security policy forbids. vite.config.ts puts this in its place.
 */

export { default as WorkerUrl } from "./whole_fonts_worker?worker&url";

export const Commands = { Subset: "SUBSET" };

export const subsetToBase64 = toBase64;

export async function toBase64(font: ArrayBuffer): Promise<string> {
  const bytes = new Uint8Array(font);
  let binary = "";
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return `data:font/woff2;base64,${btoa(binary)}`;
}
