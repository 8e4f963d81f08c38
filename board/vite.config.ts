import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Where the built board lies: inside the Python package, which carries it into wheels and images. */
const OUT = "../padws/board";
const EXCALIDRAW = "node_modules/@excalidraw/excalidraw";
const { version } = JSON.parse(readFileSync(`${EXCALIDRAW}/package.json`, "utf-8")) as { version: string };
/** Where Excalidraw would look for fonts that are not found here. */
const ELSEWHERE = "https://esm.sh/";
const SERVICE = process.env["PADWS_URL"] ?? "http://127.0.0.1:8000";
const COMPRESSIBLE = new Set([".html", ".js", ".css", ".svg"]);

/** Excalidraw without what a page under a strict policy, and without the internet, cannot use. */
function adaptExcalidraw(): Plugin {
  return {
    name: "padws-adapt-excalidraw",
    enforce: "pre",
    resolveId(source) {
      if (/\/subset-(shared|worker)\.chunk\.js$/.test(source)) return resolve("src/excalidraw/whole_fonts.ts");
      return null;
    },
    transform(code, id) {
      if (!id.includes("/@excalidraw/excalidraw/dist/") || !code.includes(ELSEWHERE)) return null;
      return code.replace(ELSEWHERE, "${location.origin}/");
    },
    buildEnd() {
      const bundled = [...this.getModuleIds()].filter((id) => id.includes("/@excalidraw/excalidraw/dist/"));
      if (bundled.some((id) => this.getModuleInfo(id)?.code?.includes(ELSEWHERE))) throw new Error(`${ELSEWHERE} is left`);
    },
  };
}

/** What the service needs beside the bundle: fonts, compressed files and build-info.json. */
function finish(): Plugin {
  return {
    name: "padws-finish",
    apply: "build",
    closeBundle() {
      const hash = createHash("sha256");
      for (const file of files().sort()) hash.update(file).update(readFileSync(file));
      const info = { buildHash: hash.digest("hex").slice(0, 16), timestamp: 0 };
      writeFileSync(join(OUT, "build-info.json"), JSON.stringify(info));
      files().filter((file) => COMPRESSIBLE.has(extname(file))).forEach(compress);
      cpSync(`${EXCALIDRAW}/dist/prod/fonts`, `${OUT}/assets/excalidraw-${version}/fonts`, { recursive: true });
    },
  };
}

function files(): string[] {
  return readdirSync(OUT, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function compress(file: string): void {
  const data = readFileSync(file);
  if (data.length < 1000) return;
  // 9 takes a sixth of the time of 11, which matters to whoever starts the service for the first time.
  writeFileSync(`${file}.br`, brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
  writeFileSync(`${file}.gz`, gzipSync(data, { level: 9 }));
}

export default defineConfig(({ command }) => ({
  plugins: [adaptExcalidraw(), react(), finish()],
  define: {
    FONTS_PATH: JSON.stringify(
      command === "build" ? `/assets/excalidraw-${version}/` : `/${EXCALIDRAW}/dist/prod/`,
    ),
  },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 3000,
    reportCompressedSize: false,
    manifest: "manifest.json",
    license: { fileName: "licences.md" },
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: Object.fromEntries(["/api", "/auth", "/pages"].map((path) => [path, { target: SERVICE }])),
  },
}));
