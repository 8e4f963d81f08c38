/** Where Excalidraw finds its fonts; vite.config.ts defines it. */
declare const FONTS_PATH: string;

interface Window {
  EXCALIDRAW_ASSET_PATH?: string;
}
