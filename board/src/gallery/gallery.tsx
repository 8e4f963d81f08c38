import { type ChangeEvent, lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { type ListedPad, renamePad, type Usage, type User } from "../api/client";
import { getUsage } from "../api/usage";
import { ACCOUNT, follow, historyPath, navigate, padPath } from "../router";
import { exactly, text } from "../text";
import { Empty } from "../ui/empty";
import { Heading } from "../ui/heading";
import { Icon } from "../ui/icons";
import { List } from "../ui/list";
import { type Item, Menu } from "../ui/menu";
import { More } from "../ui/more";
import { NameDialog } from "../ui/name_dialog";
import { Preview } from "../ui/preview";
import { report } from "../ui/report";
import { useTitle } from "../ui/title";
import { useUndoKey } from "../ui/toasts";
import { Top } from "../ui/top";
import * as actions from "./actions";
import "./gallery.css";
import { useDroppedFiles } from "./dropping";
import { type Order, ORDERS, usePads } from "./pads";

const Share = lazy(() => import("../share/share"));

const ORDER_KEY = "padws:order";
const ORDER_NAMES: Record<Order, string> = {
  edited: text.gallery.byEdited,
  name: text.gallery.byName,
  created: text.gallery.byCreated,
};

export function Gallery({ user }: { user: User }) {
  const [order, setOrder] = useState<Order>(() => {
    const kept = localStorage.getItem(ORDER_KEY) as Order | null;
    return kept && kept in ORDERS ? kept : "edited";
  });
  const [words, setWords] = useState("");
  const { pads, hasMore, unsaved, trouble, reload, more } = usePads(user, order, words);
  const [renamed, setRenamed] = useState<ListedPad | null>(null);
  const [shared, setShared] = useState<ListedPad | null>(null);
  useTitle(text.gallery.heading);
  useEffect(prefetchEditor, []);
  useUndoKey();

  const importFiles = useCallback((files: File[]) => void actions.importFiles(files).then(reload), [reload]);
  const isDragging = useDroppedFiles(importFiles);
  const run = (work: Promise<unknown>) => work.then(reload, report);

  const count = pads && text.gallery.found(pads.length, hasMore, words);

  return (
    <div className="page">
      <Top user={user} />
      <main>
        <div className="gallery-head">
          <div>
            <Heading>{text.gallery.heading}</Heading>
            <p className="quiet row">
              <span role="status">{trouble ? text.gallery.trouble(trouble) : (count ?? text.loading)}</span>
              <Used />
            </p>
          </div>
          <div className="row">
            <Search onSearch={setWords} />
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
                {Object.entries(ORDER_NAMES).map(([key, label]) => (
                  <option key={key} value={key}>{label}</option>
                ))}
              </select>
            </label>
            <ImportButton onFiles={importFiles} />
            <NewButton />
          </div>
        </div>
        <List className="cards" aria-label={text.gallery.heading} aria-busy={!pads}>
          {pads?.map((pad) => (
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
        </List>
        {words && pads?.length === 0 && <Empty icon="search" />}
        {hasMore && <More key={pads?.length} onSight={() => void more()} />}
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

const SEARCH_AFTER = 250; // milliseconds without a key

function Search({ onSearch }: { onSearch: (words: string) => void }) {
  const [words, setWords] = useState("");
  useEffect(() => {
    const wait = setTimeout(() => onSearch(words.trim()), SEARCH_AFTER);
    return () => clearTimeout(wait);
  }, [words]);
  return (
    <input
      type="search"
      className="plain search"
      dir="auto"
      maxLength={200}
      placeholder={text.gallery.search}
      aria-label={text.gallery.search}
      value={words}
      onChange={(event) => setWords(event.target.value)}
    />
  );
}

/** How much room is left, before there is none. */
function Used() {
  const [usage, setUsage] = useState<Usage>();
  useEffect(() => {
    getUsage().then(setUsage, () => undefined); // nothing depends on it
  }, []);
  return usage && <a className="quiet" href={ACCOUNT} onClick={follow}>{text.gallery.used(usage.bytes, usage.bytes_limit)}</a>;
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
    { label: text.gallery.download, icon: "download", run: () => location.assign(`/api/pad/${pad.id}/export`) },
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
          {pad.matches?.map((match, at) => <p key={at} className="match name" dir="auto">{match}</p>)}
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
      <input ref={input} type="file" accept=".excalidraw,.json,.png,.svg" multiple hidden onChange={onChange} />
    </>
  );
}

/** Whoever looks at pads opens one. */
function prefetchEditor(): void {
  const load = () => void import("../editor/editor").catch(() => undefined);
  if ("requestIdleCallback" in window) requestIdleCallback(load, { timeout: 3_000 });
  else setTimeout(load, 1_000);
}
