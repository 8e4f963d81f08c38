import { type ChangeEvent, lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { ApiError, type ListedPad, renamePad, type User } from "../api/client";
import { follow, historyPath, navigate, padPath } from "../router";
import { PAD_SAVED, padsWithDrafts } from "../store";
import { exactly, text } from "../text";
import { Icon } from "../ui/icons";
import { type Item, Menu } from "../ui/menu";
import { NameDialog } from "../ui/name_dialog";
import { Preview } from "../ui/preview";
import { useTitle } from "../ui/title";
import { showToast } from "../ui/toasts";
import { Top } from "../ui/top";
import * as actions from "./actions";
import "./gallery.css";
import { useDroppedFiles } from "./dropping";

const Share = lazy(() => import("../share/share"));

const ORDERS = {
  edited: { label: text.gallery.byEdited, compare: (a: ListedPad, b: ListedPad) => b.updated_at.localeCompare(a.updated_at) },
  name: { label: text.gallery.byName, compare: (a: ListedPad, b: ListedPad) => a.display_name.localeCompare(b.display_name) },
  created: { label: text.gallery.byCreated, compare: (a: ListedPad, b: ListedPad) => b.created_at.localeCompare(a.created_at) },
};
type Order = keyof typeof ORDERS;
const ORDER_KEY = "padws:order";

function report(error: unknown): void {
  if (error instanceof ApiError && error.status === 401) location.reload();
  else showToast({ message: (error as Error).message });
}

export function Gallery({ user }: { user: User }) {
  const { pads, unsaved, trouble, reload } = usePads(user);
  const [order, setOrder] = useState<Order>(() => {
    const kept = localStorage.getItem(ORDER_KEY) as Order | null;
    return kept && kept in ORDERS ? kept : "edited";
  });
  const [renamed, setRenamed] = useState<ListedPad | null>(null);
  const [shared, setShared] = useState<ListedPad | null>(null);
  useTitle(text.gallery.heading);
  useEffect(prefetchEditor, []);

  const importFiles = useCallback((files: File[]) => void actions.importFiles(files).then(reload), [reload]);
  const isDragging = useDroppedFiles(importFiles);
  const run = (work: Promise<unknown>) => work.then(reload, report);

  const shown = useMemo(() => pads && [...pads].sort(ORDERS[order].compare), [pads, order]);

  return (
    <div className="page">
      <Top user={user} />
      <main>
        <div className="gallery-head">
          <div>
            <h1>{text.gallery.heading}</h1>
            <p className="quiet" role="status">
              {trouble ? text.gallery.trouble(trouble) : shown ? text.gallery.count(shown.length) : text.loading}
            </p>
          </div>
          <div className="row">
            <label className="row quiet">
              <span className="hidden-text">{text.gallery.sort}</span>
              <select
                className="plain"
                value={order}
                onChange={(event) => {
                  localStorage.setItem(ORDER_KEY, event.target.value);
                  setOrder(event.target.value as Order);
                }}
              >
                {Object.entries(ORDERS).map(([key, { label }]) => (
                  <option key={key} value={key}>{label}</option>
                ))}
              </select>
            </label>
            <ImportButton onFiles={importFiles} />
            <NewButton />
          </div>
        </div>
        <ul className="cards" aria-label={text.gallery.heading} aria-busy={!shown}>
          {shown?.map((pad) => (
            <Card
              key={pad.id}
              pad={pad}
              isUnsaved={unsaved.has(pad.id)}
              onRename={() => setRenamed(pad)}
              onShare={() => setShared(pad)}
              onDuplicate={() => void run(actions.duplicate(pad))}
              onDelete={() => actions.deleteLater(pad, reload)}
            />
          ))}
        </ul>
      </main>
      {renamed && (
        <NameDialog
          name={renamed.display_name}
          onSave={(name) => void run(renamePad(renamed.id, name))}
          onClose={() => setRenamed(null)}
        />
      )}
      <Suspense>{shared && <Share padId={shared.id} onClose={() => setShared(null)} />}</Suspense>
      {isDragging && <div className="drop">{text.gallery.drop}</div>}
    </div>
  );
}

const SECONDS_BETWEEN_TRIES = 4;

/** The pads, read again whenever somebody comes back to this page, and for as long as that fails. */
function usePads(user: User) {
  const [pads, setPads] = useState<ListedPad[]>();
  const [unsaved, setUnsaved] = useState<Set<string>>(new Set());
  const [trouble, setTrouble] = useState("");
  const reload = useCallback(async () => {
    try {
      const [all, drafts] = await Promise.all([actions.listPads(), padsWithDrafts(user.id).catch(() => new Set<string>())]);
      setUnsaved(drafts);
      setPads(all.filter((pad) => !actions.isDoomed(pad.id)));
      setTrouble("");
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) location.reload();
      else setTrouble((error as Error).message);
    }
  }, [user.id]);
  useEffect(() => {
    const onVisibility = () => {
      if (!document.hidden) void reload();
    };
    void reload();
    const onSaved = () => void reload();
    document.addEventListener("visibilitychange", onVisibility);
    window.addEventListener("online", onSaved);
    window.addEventListener(PAD_SAVED, onSaved);
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      window.removeEventListener("online", onSaved);
      window.removeEventListener(PAD_SAVED, onSaved);
    };
  }, [reload]);
  useEffect(() => {
    if (!trouble) return;
    const tries = setInterval(() => void reload(), SECONDS_BETWEEN_TRIES * 1_000);
    return () => clearInterval(tries);
  }, [trouble, reload]);
  return { pads, unsaved, trouble, reload };
}

interface CardProps {
  pad: ListedPad;
  isUnsaved: boolean;
  onRename: () => void;
  onShare: () => void;
  onDuplicate: () => void;
  onDelete: () => void;
}

function Card({ pad, isUnsaved, onRename, onShare, onDuplicate, onDelete }: CardProps) {
  const name = pad.display_name;
  const items: Item[] = [
    { label: text.gallery.rename, icon: "pencil", run: onRename },
    { label: text.shareShort, icon: "link", run: onShare },
    { label: text.gallery.duplicate, icon: "copy", run: onDuplicate },
    { label: text.gallery.history, icon: "history", run: () => navigate(historyPath(pad.id)) },
    { label: text.gallery.delete, icon: "trash", danger: true, run: onDelete },
  ];
  return (
    <li className="card">
      <Preview id={pad.id} version={String(pad.version)} load={() => actions.loadPictured(pad.id)} />
      <div className="caption">
        <div className="caption-text">
          <a className="card-link name" dir="auto" href={padPath(pad.id)} onClick={follow}>{name}</a>
          <p className="quiet">
            <time dateTime={pad.updated_at} title={exactly(pad.updated_at)}>{text.gallery.edited(pad.updated_at)}</time>
          </p>
          {isUnsaved && <p className="unsaved">{text.gallery.unsaved}</p>}
        </div>
        <Menu label={text.gallery.more(name)} className="button bare round" items={items}>
          <Icon name="more" />
        </Menu>
      </div>
    </li>
  );
}

function NewButton() {
  const [templates, setTemplates] = useState<{ name: string; display_name: string }[]>([]);
  useEffect(() => {
    actions.listTemplates().then(setTemplates, () => undefined);
  }, []);
  const open = (made: Promise<{ id: string }>) => void made.then((pad) => navigate(padPath(pad.id)), report);
  const items: Item[] = [
    { label: text.gallery.blank, icon: "plus", run: () => open(actions.newBlankPad()) },
    ...templates.map(({ name, display_name }) => ({
      label: display_name,
      icon: "copy" as const,
      run: () => open(actions.newFromTemplate(name, display_name)),
    })),
  ];
  return (
    <Menu label={text.gallery.new} className="button main" items={items}>
      <Icon name="plus" />
      {text.gallery.new}
    </Menu>
  );
}

function ImportButton({ onFiles }: { onFiles: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const onChange = (event: ChangeEvent<HTMLInputElement>) => {
    onFiles([...(event.target.files ?? [])]);
    event.target.value = "";
  };
  return (
    <>
      <button type="button" className="button" onClick={() => input.current?.click()} aria-label={text.gallery.import} title={text.gallery.import}>
        <Icon name="import" />
      </button>
      <input ref={input} type="file" accept=".excalidraw,.json" multiple hidden onChange={onChange} />
    </>
  );
}

/** Whoever looks at pads opens one. */
function prefetchEditor(): void {
  const load = () => void import("../editor/editor").catch(() => undefined);
  if ("requestIdleCallback" in window) requestIdleCallback(load, { timeout: 3_000 });
  else setTimeout(load, 1_000);
}
