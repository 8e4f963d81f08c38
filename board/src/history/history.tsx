import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { Message, ToPads, Waiting } from "../app";
import { api, ApiError, type Backup, etagOf, getPad, ok, type Scene, sceneOf } from "../api/client";
import { collect } from "../api/pages";
import { withPictures } from "../api/pictures";
import { loadPictured } from "../gallery/actions";
import { follow, navigate, padPath } from "../router";
import { ago, exactly, text } from "../text";
import { Heading } from "../ui/heading";
import { Icon } from "../ui/icons";
import { More } from "../ui/more";
import { NameDialog } from "../ui/name_dialog";
import { Preview } from "../ui/preview";
import { report } from "../ui/report";
import { useTitle } from "../ui/title";
import { showToast } from "../ui/toasts";
import "./history.css";

const Choose = lazy(() => import("./choose"));

interface Past {
  name: string;
  version: number;
  backups: Backup[];
  hasMore: boolean;
}

const PAGE = 60;

/** The newest of a pad's backups: so many at least, as far as there are any. */
async function loadPast(padId: string, wanted: number): Promise<Past> {
  const backups = collect(wanted, "cursor", async (cursor) => {
    const query = { data: false, limit: PAGE, ...(cursor && { cursor }) };
    const answer = await api.GET("/api/pad/{pad_id}/backups", { params: { path: { pad_id: padId }, query } });
    return { ...answer, data: answer.data?.backups };
  });
  const [pad, { items, cursor }] = await Promise.all([getPad(padId), backups]);
  return { name: pad!.display_name, version: pad!.version, backups: items, hasMore: Boolean(cursor) };
}

async function loadBackup(padId: string, backupId: string): Promise<Scene> {
  const params = { path: { pad_id: padId, backup_id: backupId }, query: { pictures: false } };
  const backup = await ok(api.GET("/api/pad/{pad_id}/backups/{backup_id}", { params }));
  return withPictures(sceneOf(backup.data));
}

export default function History({ padId }: { padId: string }) {
  const [past, setPast] = useState<Past>();
  const [error, setError] = useState("");
  const [chosen, setChosen] = useState<string | null>(null);
  const [isComparing, setComparing] = useState(false);
  const [isNaming, setNaming] = useState(false);
  const [choice, setChoice] = useState<{ then: Scene; now: Scene } | null>(null);
  const wasChoosing = useRef(false);
  const load = (more = 0) =>
    loadPast(padId, (past?.backups.length || PAGE) + more).then(setPast, (reason: Error) => setError(reason.message));
  useEffect(() => void load(), [padId]);
  useTitle(past ? `${text.history.heading}: ${past.name}` : text.history.heading);

  if (error) return <Message heading={error} action={<ToPads />} />;
  if (!past) return <Waiting />;
  const backup = past.backups.find(({ id }) => id === chosen);
  const isNow = !backup || isComparing;
  const choose = (id: string | null) => {
    wasChoosing.current = false;
    setChoice(null);
    setChosen(id);
  };
  const beginChoosing = (from: Backup) =>
    void Promise.all([loadBackup(padId, from.id), loadPictured(padId)]).then(([then, now]) => setChoice({ then, now }), report);
  const endChoosing = () => {
    wasChoosing.current = true;
    setChoice(null);
  };
  const keepNow = () =>
    void ok(api.POST("/api/pad/{pad_id}/backups", { params: { path: { pad_id: padId } } }))
      .then(({ id }) => load().then(() => setChosen(id)))
      .then(() => setNaming(true), report);
  const label = (from: Backup, words: string) => {
    const path = { pad_id: padId, backup_id: from.id };
    void ok(api.PATCH("/api/pad/{pad_id}/backups/{backup_id}", { params: { path }, body: { label: words || null } })).then(() => load(), report);
  };

  return (
    <div className="page">
      <header className="history-head">
        <a className="button bare" href={padPath(padId)} onClick={follow} aria-label={text.history.back} title={text.history.back}>
          <Icon name="back" />
        </a>
        <div>
          <p className="quiet name" dir="auto">{past.name}</p>
          <Heading>{text.history.heading}</Heading>
        </div>
      </header>
      <main className="history">
        <figure className="look">
          <figcaption>
            <strong>{isNow ? text.history.showingNow : text.history.showing(exactly(backup.timestamp))}</strong>
            {!backup && (
              <button type="button" className="button" onClick={keepNow}>
                {text.history.keep}
              </button>
            )}
            {backup && !choice && (
              <span className="row">
                <CompareButton onChange={setComparing} />
                <button type="button" className="button" onClick={() => setNaming(true)}>
                  {text.history.label}
                </button>
                <button type="button" className="button" autoFocus={wasChoosing.current} onClick={() => beginChoosing(backup)}>
                  {text.history.choose}
                </button>
                <RestoreButton padId={padId} version={past.version} backup={backup} onStale={load} />
              </span>
            )}
          </figcaption>
          {choice && backup ? (
            <Suspense fallback={<Waiting />}>
              <Choose
                {...choice}
                onCancel={endChoosing}
                onRestore={(elements) => void restore(padId, past.version, backup, elements).catch(report).then(() => load())}
              />
            </Suspense>
          ) : isNow ? (
            <Preview key="now" id={padId} version={String(past.version)} load={() => loadPictured(padId)} />
          ) : (
            <Preview key={backup.id} id={backup.id} version="" load={() => loadBackup(padId, backup.id)} />
          )}
        </figure>
        <section aria-label={text.history.states}>
          <ul className="states">
            <State label={text.history.now} isChosen={!backup} onChoose={() => choose(null)}>
              <Preview id={padId} version={String(past.version)} load={() => loadPictured(padId)} />
            </State>
            {past.backups.map((each) => (
              <State
                key={each.id}
                label={ago(each.timestamp)}
                more={text.history.reasons[each.reason ?? "interval"]}
                words={each.label ?? ""}
                title={exactly(each.timestamp)}
                isChosen={each.id === chosen}
                onChoose={() => choose(each.id)}
              >
                <Preview id={each.id} version="" load={() => loadBackup(padId, each.id)} />
              </State>
            ))}
            {past.hasMore && (
              <li>
                <More key={past.backups.length} onSight={() => void load(PAGE)} />
              </li>
            )}
          </ul>
          {!past.backups.length && <p className="quiet states-note">{text.history.none}</p>}
        </section>
      </main>
      {isNaming && backup && (
        <NameDialog
          heading={text.history.labelHeading}
          name={backup.label ?? ""}
          action={text.history.labelSave}
          mayBeEmpty
          onSave={(words) => label(backup, words)}
          onClose={() => setNaming(false)}
        />
      )}
    </div>
  );
}

interface StateProps {
  label: string;
  more?: string;
  /** What a person has called it. */
  words?: string;
  title?: string;
  isChosen: boolean;
  onChoose: () => void;
  children: React.ReactNode;
}

function State({ label, more, words, title, isChosen, onChoose, children }: StateProps) {
  return (
    <li>
      <button type="button" className="state" aria-pressed={isChosen} title={title} onClick={onChoose}>
        {children}
        {words && <strong className="state-label name" dir="auto">{words}</strong>}
        <span>{more ? `${label} · ${more}` : label}</span>
      </button>
    </li>
  );
}

/** Shows the drawing as it is now for as long as it is held. */
function CompareButton({ onChange }: { onChange: (isHeld: boolean) => void }) {
  const end = () => onChange(false);
  return (
    <button
      type="button"
      className="button"
      onPointerDown={() => onChange(true)}
      onPointerUp={end}
      onPointerLeave={end}
      onPointerCancel={end}
      onKeyDown={(event) => (event.key === " " || event.key === "Enter") && onChange(true)}
      onKeyUp={end}
      onBlur={end}
    >
      {text.history.compare}
    </button>
  );
}

/** Restore a state, or some of its elements; ApiError 412 if the pad is no longer at `version`. */
async function restore(padId: string, version: number, backup: Backup, elements?: string[]): Promise<void> {
  const path = { pad_id: padId, backup_id: backup.id };
  const headers = { "If-Match": etagOf(version) };
  const body = elements ? { elements } : undefined;
  await ok(api.POST("/api/pad/{pad_id}/backups/{backup_id}/restore", { params: { path }, headers, body })).catch(
    (error: unknown) => {
      const isStale = error instanceof ApiError && error.status === 412;
      throw isStale ? new Error(text.history.changed) : error;
    },
  );
  showToast({ message: elements ? text.history.restoredSome(elements.length) : text.history.restored });
  navigate(padPath(padId));
}

interface RestoreProps {
  padId: string;
  version: number;
  backup: Backup;
  onStale: () => void;
}

function RestoreButton({ padId, version, backup, onStale }: RestoreProps) {
  const [isBusy, setBusy] = useState(false);
  const begin = () => {
    setBusy(true);
    restore(padId, version, backup).catch((error: unknown) => {
      void report(error);
      setBusy(false);
      onStale();
    });
  };
  return (
    <button type="button" className="button main" disabled={isBusy} onClick={begin}>
      <Icon name="restore" />
      {isBusy ? text.history.restoring : text.history.restore}
    </button>
  );
}
