import { useEffect, useState } from "react";
import { Message, ToPads, Waiting } from "../app";
import { api, ApiError, type Backup, etagOf, ok, type Scene, sceneOf } from "../api/client";
import { withPictures } from "../api/pictures";
import { loadPictured } from "../gallery/actions";
import { follow, navigate, padPath } from "../router";
import { ago, exactly, text } from "../text";
import { Icon } from "../ui/icons";
import { Preview } from "../ui/preview";
import { useTitle } from "../ui/title";
import { showToast } from "../ui/toasts";
import "./history.css";

interface Past {
  name: string;
  version: number;
  backups: Backup[];
}

const MOST = 100;

async function loadPast(padId: string): Promise<Past> {
  const path = { pad_id: padId };
  const [pads, kept] = await Promise.all([
    ok(api.GET("/api/pad", { params: { query: { data: false } } })),
    ok(api.GET("/api/pad/{pad_id}/backups", { params: { path, query: { data: false, limit: MOST } } })),
  ]);
  const version = pads.find((pad) => pad.id === padId)?.version ?? 0;
  return { name: kept.pad_name, version, backups: kept.backups };
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
  const load = () => loadPast(padId).then(setPast, (reason: Error) => setError(reason.message));
  useEffect(() => void load(), [padId]);
  useTitle(past ? `${text.history.heading}: ${past.name}` : text.history.heading);

  if (error) return <Message heading={error} action={<ToPads />} />;
  if (!past) return <Waiting />;
  const backup = past.backups.find(({ id }) => id === chosen);
  const isNow = !backup || isComparing;

  return (
    <div className="page">
      <header className="history-head">
        <a className="button bare" href={padPath(padId)} onClick={follow} aria-label={text.history.back} title={text.history.back}>
          <Icon name="back" />
        </a>
        <div>
          <p className="quiet name" dir="auto">{past.name}</p>
          <h1>{text.history.heading}</h1>
        </div>
      </header>
      <main className="history">
        <figure className="look">
          <figcaption>
            <strong>{isNow ? text.history.showingNow : text.history.showing(exactly(backup.timestamp))}</strong>
            {backup && (
              <span className="row">
                <CompareButton onChange={setComparing} />
                <RestoreButton padId={padId} version={past.version} backup={backup} onStale={load} />
              </span>
            )}
          </figcaption>
          {isNow ? (
            <Preview key="now" id={padId} version={String(past.version)} load={() => loadPictured(padId)} />
          ) : (
            <Preview key={backup.id} id={backup.id} version="" load={() => loadBackup(padId, backup.id)} />
          )}
        </figure>
        <section aria-label={text.history.states}>
          <ul className="states">
            <State label={text.history.now} isChosen={!backup} onChoose={() => setChosen(null)}>
              <Preview id={padId} version={String(past.version)} load={() => loadPictured(padId)} />
            </State>
            {past.backups.map(({ id, timestamp }) => (
              <State key={id} label={ago(timestamp)} title={exactly(timestamp)} isChosen={id === chosen} onChoose={() => setChosen(id)}>
                <Preview id={id} version="" load={() => loadBackup(padId, id)} />
              </State>
            ))}
          </ul>
          {!past.backups.length && <p className="quiet states-note">{text.history.none}</p>}
        </section>
      </main>
    </div>
  );
}

interface StateProps {
  label: string;
  title?: string;
  isChosen: boolean;
  onChoose: () => void;
  children: React.ReactNode;
}

function State({ label, title, isChosen, onChoose, children }: StateProps) {
  return (
    <li>
      <button type="button" className="state" aria-pressed={isChosen} title={title} onClick={onChoose}>
        {children}
        <span>{label}</span>
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

interface RestoreProps {
  padId: string;
  version: number;
  backup: Backup;
  onStale: () => void;
}

function RestoreButton({ padId, version, backup, onStale }: RestoreProps) {
  const [isBusy, setBusy] = useState(false);
  const restore = async () => {
    setBusy(true);
    try {
      const path = { pad_id: padId, backup_id: backup.id };
      await ok(
        api.POST("/api/pad/{pad_id}/backups/{backup_id}/restore", {
          params: { path },
          headers: { "If-Match": etagOf(version) },
        }),
      );
      showToast({ message: text.history.restored });
      navigate(padPath(padId));
    } catch (error) {
      const isStale = error instanceof ApiError && error.status === 412;
      showToast({ message: isStale ? text.history.changed : (error as Error).message });
      setBusy(false);
      onStale();
    }
  };
  return (
    <button type="button" className="button main" disabled={isBusy} onClick={() => void restore()}>
      <Icon name="restore" />
      {isBusy ? text.history.restoring : text.history.restore}
    </button>
  );
}
