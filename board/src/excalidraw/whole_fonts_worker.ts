/** The worker that Excalidraw asks for glyphs: it hands the font back as it is. */

self.onmessage = ({ data }: MessageEvent<{ arrayBuffer: ArrayBuffer }>) => {
  self.postMessage(data.arrayBuffer, { transfer: [data.arrayBuffer] });
};
