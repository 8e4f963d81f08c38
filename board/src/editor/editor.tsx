import { Excalidraw, MainMenu } from "@excalidraw/excalidraw";
import "@excalidraw/excalidraw/index.css";
import { lazy, memo, type MouseEvent, Suspense, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { Message, ToPads, Waiting } from "../app";
import { ApiError, getPad, renamePad, type User } from "../api/client";
import { follow, historyPath } from "../router";
import { draftsOf, readLibrary, writeLibrary } from "../store";
import { text } from "../text";
import { Icon } from "../ui/icons";
import { NameDialog } from "../ui/name_dialog";
import { report } from "../ui/report";
import { useTitle } from "../ui/title";
import { Banner } from "./banner";
import "./editor.css";
import { useDarkMode } from "./dark_mode";
import { keepNames } from "./names";
import { allWritten, PadSync, type View } from "./sync";

const Share = lazy(() => import("../share/share"));

interface Props {
  padId: string;
  user: User;
}

export default function Editor({ padId, user }: Props) {
  const [sync, setSync] = useState<PadSync>();
  const [error, setError] = useState("");
  useEffect(() => {
    let made: PadSync | undefined;
    let isGone = false;
    const open = async () => {
      await allWritten();
      // Before the pad: what is no longer among the drafts by now is in the pad.
      const drafts = await draftsOf(padId, user.id).catch(() => []);
      const pad = await getPad(padId);
      if (isGone) return;
      made = new PadSync(pad!, user.id, drafts);
      setSync(made);
    };
    open().catch((reason: Error) => {
      const status = reason instanceof ApiError ? reason.status : 0;
      if (status === 401) location.reload(); // the page asks to sign in, and leads back here
      else if (!isGone) setError(status === 404 ? text.editor.missing : reason.message);
    });
    return () => {
      isGone = true;
      made?.close();
    };
  }, [padId, user.id]);
  if (error) return <Message heading={error} action={<ToPads />} />;
  return sync ? <Drawing sync={sync} /> : <Waiting />;
}

function Drawing({ sync }: { sync: PadSync }) {
  const view = useSyncExternalStore(sync.subscribe, () => sync.view);
  const isDark = useDarkMode();
  useTitle(view.name);
  useSaveKey(sync);
  return (
    <div className="editor">
      <Bar sync={sync} view={view} />
      <Banner sync={sync} view={view} />
      <Canvas sync={sync} name={view.name} isDark={isDark} />
    </div>
  );
}

interface CanvasProps {
  sync: PadSync;
  name: string;
  isDark: boolean;
}

/** Excalidraw: apart, so that what is said about saving does not make it render all that it shows. */
const Canvas = memo(({ sync, name, isDark }: CanvasProps) => {
  const canvas = useRef<HTMLElement>(null);
  const [initial] = useState(() => ({ ...sync.initial, libraryItems: readLibrary(sync.userId).catch(() => []) }));
  useEffect(() => keepNames(canvas.current!), []);
  return (
    <main ref={canvas} className="canvas" aria-label={text.editor.canvas}>
      <Excalidraw
        excalidrawAPI={(api) => sync.open(api)}
        initialData={initial as never}
        onChange={(elements, appState, files) => sync.change(elements as never, appState as never, files as never)}
        name={name}
        theme={isDark ? "dark" : "light"}
        aiEnabled={false}
        validateEmbeddable={false}
        autoFocus
        onLibraryChange={(items) => void writeLibrary(sync.userId, items).catch(() => undefined)}
        UIOptions={{ canvasActions: { loadScene: false, saveToActiveFile: false, toggleTheme: false } }}
      >
        <MainMenu>
          <MainMenu.DefaultItems.Export />
          <MainMenu.DefaultItems.SaveAsImage />
          <MainMenu.DefaultItems.SearchMenu />
          <MainMenu.DefaultItems.ClearCanvas />
          <MainMenu.Separator />
          <MainMenu.DefaultItems.ChangeCanvasBackground />
          <MainMenu.Separator />
          <MainMenu.DefaultItems.Help />
        </MainMenu>
      </Excalidraw>
    </main>
  );
});

function Bar({ sync, view }: { sync: PadSync; view: View }) {
  const [dialog, setDialog] = useState<"name" | "share" | null>(null);
  const isByKeyboard = useRef(false);
  const rename = (name: string) => void renamePad(sync.padId, name).catch(report).then(() => sync.saveNow());
  const open = (wanted: "name" | "share") => (event: MouseEvent) => {
    isByKeyboard.current = event.detail === 0;
    setDialog(wanted);
  };
  const close = () => {
    setDialog(null);
    // Whose keys work only there. Those who came by keyboard go on where they were.
    if (!isByKeyboard.current) document.querySelector<HTMLElement>(".excalidraw")?.focus();
  };
  return (
    <header className="bar">
      <a className="button bare" href="/" onClick={follow} aria-label={text.toPads} title={text.toPads}>
        <Icon name="back" />
      </a>
      <h1 className="bar-name">
        <button
          type="button"
          className="button bare name"
          dir="auto"
          aria-label={text.editor.rename(view.name)}
          onClick={open("name")}
        >
          {view.name}
        </button>
      </h1>
      <SaveStatus view={view} />
      <a className="button bare" href={historyPath(sync.padId)} onClick={follow} aria-label={text.editor.history} title={text.editor.history}>
        <Icon name="history" />
        <span className="wide">{text.editor.history}</span>
      </a>
      <button type="button" className="button bare" aria-label={text.share.heading} title={text.share.heading} onClick={open("share")}>
        <Icon name="link" />
        <span className="wide">{text.shareShort}</span>
      </button>
      <Suspense>{dialog === "share" && <Share padId={sync.padId} onClose={close} />}</Suspense>
      {dialog === "name" && <NameDialog name={view.name} onSave={rename} onClose={close} />}
    </header>
  );
}

function SaveStatus({ view }: { view: View }) {
  const isFine = view.status === "saved" || view.status === "waiting" || view.status === "saving";
  const label = { saved: text.editor.saved, waiting: text.editor.waiting, saving: text.editor.saving }[view.status as "saved"];
  return (
    <p className={isFine ? "save-status" : "save-status trouble"} data-status={view.status}>
      <Icon name={!isFine ? "warning" : view.status === "saved" ? "check" : "cloud"} />
      {label ?? (view.isUnsaved ? text.editor.notSaved : text.editor.notConnected)}
    </p>
  );
}

/** Ctrl+S saves here, not into a file. */
function useSaveKey(sync: PadSync): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.key.toLowerCase() !== "s") return;
      event.preventDefault();
      event.stopPropagation();
      void sync.saveNow();
    };
    window.addEventListener("keydown", onKey, { capture: true });
    return () => window.removeEventListener("keydown", onKey, { capture: true });
  }, [sync]);
}

