import { useEffect, useState } from "react";
import { Message, ToPads, Waiting } from "../app";
import { api, ok, restorePad, type Scene, sceneOf, type TrashedPad, type User } from "../api/client";
import { collect, type Pages } from "../api/pages";
import { withPictures } from "../api/pictures";
import { ago, exactly, text } from "../text";
import { Confirm } from "../ui/confirm";
import { Empty } from "../ui/empty";
import { Heading } from "../ui/heading";
import { Icon } from "../ui/icons";
import { List } from "../ui/list";
import { More } from "../ui/more";
import { Preview } from "../ui/preview";
import { report } from "../ui/report";
import { useTitle } from "../ui/title";
import { showToast } from "../ui/toasts";
import { Top } from "../ui/top";
import "../gallery/gallery.css";
import "./trash.css";

const PAGE = 24;

/** A deleted pad, and the beginning of the page that it is listed in. */
type Listed = TrashedPad & { page: string };

const readPage = (cursor: string, data = false) =>
  api.GET("/api/pad/trash", { params: { query: { data, pictures: false, limit: PAGE, ...(cursor && { cursor }) } } });

/** What was deleted last: so many pads at least, as far as there are any. */
const listTrash = (wanted: number): Promise<Pages<Listed>> =>
  collect(wanted, "cursor", async (cursor) => {
    const answer = await readPage(cursor);
    return { ...answer, data: answer.data?.map((pad) => ({ ...pad, page: cursor })) };
  });

const path = (padId: string) => ({ params: { path: { pad_id: padId } } });

export default function Trash({ user }: { user: User }) {
  const [found, setFound] = useState<Pages<Listed>>();
  const [error, setError] = useState("");
  const [doomed, setDoomed] = useState<TrashedPad | "all" | null>(null);
  const reload = (more = 0) =>
    listTrash((found?.items.length || PAGE) + more).then(setFound, (reason: Error) => setError(reason.message));
  useEffect(() => {
    void reload();
    return () => scenes.clear();
  }, []);
  useTitle(text.trash.heading);

  const run = (work: Promise<unknown>, message: string) =>
    void work.then(() => showToast({ message }), report).then(() => reload());
  const purge = () => {
    if (doomed === "all") run(ok(api.DELETE("/api/pad/trash")), text.trash.emptied);
    else if (doomed) run(ok(api.DELETE("/api/pad/trash/{pad_id}", path(doomed.id))), text.trash.purged(doomed.display_name));
  };

  if (error) return <Message heading={error} action={<ToPads />} />;
  if (!found) return <Waiting />;
  const { items: pads, cursor } = found;
  return (
    <div className="page">
      <Top user={user} />
      <main>
        <div className="gallery-head">
          <div>
            <Heading>{text.trash.heading}</Heading>
            <p className="quiet">{pads.length ? text.trash.lead : text.trash.nothing}</p>
          </div>
          {pads.length > 0 && (
            <button type="button" className="button" onClick={() => setDoomed("all")}>
              <Icon name="trash" />
              {text.trash.empty}
            </button>
          )}
        </div>
        <List className="cards" aria-label={text.trash.heading}>
          {pads.map((pad) => (
            <Card
              key={pad.id}
              pad={pad}
              onRestore={() => run(restorePad(pad.id), text.trash.restored(pad.display_name))}
              onPurge={() => setDoomed(pad)}
            />
          ))}
        </List>
        {cursor && <More key={pads.length} onSight={() => void reload(PAGE)} />}
        {!pads.length && <Empty icon="trash" />}
      </main>
      {doomed && (
        <Confirm
          question={doomed === "all" ? text.trash.emptyQuestion : text.trash.purgeQuestion}
          lead={doomed === "all" ? text.trash.emptyLead(pads.length, Boolean(cursor)) : text.trash.purgeLead(doomed.display_name)}
          action={text.trash.purge}
          onConfirm={purge}
          onClose={() => setDoomed(null)}
        />
      )}
    </div>
  );
}

/** The scenes of the pages of which one is needed: the gallery has drawn most previews already. */
const scenes = new Map<string, Promise<TrashedPad[]>>();

async function loadDeleted({ id, page }: Listed): Promise<Scene> {
  const find = async () => (await scenes.get(page))?.find((pad) => pad.id === id);
  // Not there: the pages are no longer what they were.
  if (!(await find().catch(() => undefined))) scenes.set(page, ok(readPage(page, true)));
  return withPictures(sceneOf((await find())?.data ?? {}));
}

function Card({ pad, onRestore, onPurge }: { pad: Listed; onRestore: () => void; onPurge: () => void }) {
  const name = pad.display_name;
  return (
    <li className="card deleted">
      <Preview id={pad.id} version={String(pad.version)} load={() => loadDeleted(pad)} />
      <div className="caption">
        <div className="caption-text">
          <strong className="name" dir="auto">{name}</strong>
          <p className="quiet">
            <time dateTime={pad.deleted_at} title={exactly(pad.deleted_at)}>{text.trash.deleted(ago(pad.deleted_at))}</time>
          </p>
          <p className="quiet">{text.trash.until(pad.purged_at)}</p>
        </div>
      </div>
      <div className="row">
        <button type="button" className="button" aria-label={text.trash.restoreNamed(name)} onClick={onRestore}>
          <Icon name="restore" />
          {text.trash.restore}
        </button>
        <button type="button" className="button bare" aria-label={text.trash.purgeNamed(name)} onClick={onPurge}>
          {text.trash.purge}
        </button>
      </div>
    </li>
  );
}
