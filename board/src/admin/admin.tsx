import { useEffect, useState } from "react";
import { Message, ToPads, Waiting } from "../app";
import { api, ok, type User } from "../api/client";
import { date, text } from "../text";
import { Confirm } from "../ui/confirm";
import { Icon } from "../ui/icons";
import { type Item, Menu } from "../ui/menu";
import { useTitle } from "../ui/title";
import { showToast } from "../ui/toasts";
import { Top } from "../ui/top";
import "./admin.css";

interface Everybody {
  users: User[];
  online: Set<string>;
  sessions: number;
  /** After whom the next page begins; empty on the last one. */
  after: string;
}

/** A page of everybody, added to those that are known. */
async function loadMore(known?: Everybody): Promise<Everybody> {
  const query = known?.after ? { after: known.after } : {};
  const [page, online, count] = await Promise.all([
    api.GET("/api/users", { params: { query } }),
    ok(api.GET("/api/users/online")),
    ok(api.GET("/api/users/count")),
  ]);
  const users = [...(known?.users ?? []), ...(await ok(Promise.resolve(page)))];
  return {
    users,
    online: new Set(online.online_users.map(({ id }) => id)),
    sessions: count.active_sessions,
    after: page.response.headers.has("Link") ? users.at(-1)!.id : "",
  };
}

const path = (user: User) => ({ params: { path: { user_id: user.id } } });

/** The people who use the service, for those who look after it. */
export default function Admin({ user }: { user: User }) {
  const [all, setAll] = useState<Everybody>();
  const [error, setError] = useState("");
  const [doomed, setDoomed] = useState<User | null>(null);
  const load = (known?: Everybody) => loadMore(known).then(setAll, (reason: Error) => setError(reason.message));
  useEffect(() => void load(), []);
  useTitle(text.admin.heading);

  const run = (work: Promise<string>) =>
    void work.then((message) => showToast({ message }), (reason: Error) => showToast({ message: reason.message })).then(() => load());
  const endSessions = async (one: User) =>
    text.admin.ended(one.name || one.username, (await ok(api.DELETE("/api/users/{user_id}/sessions", path(one)))).ended);
  const remove = async (one: User) => {
    await ok(api.DELETE("/api/users/{user_id}", path(one)));
    return text.admin.deleted(one.name || one.username);
  };

  if (error) return <Message heading={error} action={<ToPads />} />;
  if (!all) return <Waiting />;
  return (
    <div className="page">
      <Top user={user} />
      <main>
        <h1>{text.admin.heading}</h1>
        <p className="quiet">{text.admin.sessions(all.online.size, all.sessions)}</p>
        <ul className="people">
          {all.users.map((one) => (
            <Person
              key={one.id}
              user={one}
              isOnline={all.online.has(one.id)}
              isSelf={one.id === user.id}
              onEndSessions={() => run(endSessions(one))}
              onDelete={() => setDoomed(one)}
            />
          ))}
        </ul>
        {all.after && (
          <button type="button" className="button" onClick={() => void load(all)}>
            {text.admin.more}
          </button>
        )}
      </main>
      {doomed && (
        <Confirm
          question={text.admin.deleteQuestion}
          lead={text.admin.deleteLead(doomed.name || doomed.username)}
          action={text.admin.delete}
          onConfirm={() => run(remove(doomed))}
          onClose={() => setDoomed(null)}
        />
      )}
    </div>
  );
}

interface PersonProps {
  user: User;
  isOnline: boolean;
  isSelf: boolean;
  onEndSessions: () => void;
  onDelete: () => void;
}

function Person({ user, isOnline, isSelf, onEndSessions, onDelete }: PersonProps) {
  const name = user.name || user.username;
  const items: Item[] = [
    { label: text.admin.endSessions, icon: "account", run: onEndSessions },
    ...(isSelf ? [] : [{ label: text.admin.delete, icon: "trash" as const, danger: true, run: onDelete }]),
  ];
  return (
    <li className="person">
      <div>
        <strong className="name" dir="auto">{name}</strong>
        <p className="quiet name">{user.email}</p>
      </div>
      <p className="marks">
        {isOnline && <span className="mark on">{text.admin.isOnline}</span>}
        {user.roles.includes("admin") && <span className="mark">{text.admin.isAdmin}</span>}
        <time className="quiet" dateTime={user.created_at}>{text.admin.since(date(user.created_at))}</time>
      </p>
      <Menu label={text.admin.actions(name)} className="button bare round" items={items}>
        <Icon name="more" />
      </Menu>
    </li>
  );
}
