import { createRoot } from "react-dom/client";
import { App } from "./app";
import "./style.css";

// Excalidraw reads this as it is loaded, which is later: the editor is a chunk of its own.
window.EXCALIDRAW_ASSET_PATH = FONTS_PATH;

createRoot(document.getElementById("board")!).render(<App />);
