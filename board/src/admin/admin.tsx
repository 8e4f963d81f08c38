import { useEffect, useState } from "react";
import { Message, ToPads, Waiting } from "../app";
import { api, ok, type User } from "../api/client";
import { collect, type Pages } from "../api/pages";
import { date, text } from "../text";
import { Heading } from "../ui/heading";
import { Icon } from "../ui/icons";
import { List } from "../ui/list";
import { type Item, Menu } from "../ui/menu";
import { More } from "../ui/more";
import { useTitle } from "../ui/title";
import { Top } from "../ui/top";
import "./admin.css";
import { type Deed, DEEDS, DeedDialog, nameOf } from "./deeds";

interface Everybody extends Pages<User> {
  online: Set<string>;
  sessions: number;
}

const PAGE = 100;

/** So many people at least, as far as there are any. */
async function loadPeople(wanted: number): Promise<Everybody> {
  const [people, online, count] = await Promise.all([
    collect(wanted, "after", (after) => api.GET("/api/users", { params: { query: after ? { after } : {} } })),
    ok(api.GET("/api/users/online")),
    ok(api.GET("/api/users/count")),
  ]);
  return { ...people, online: new Set(online.online_users.map(({ id }) => id)), sessions: count.active_sessions };
}

/** The people who use the service, for those who look after it. */
export default function Admin({ user }: { user: User }) {
  const [all, setAll] = useState<Everybody>();
  const [error, setError] = useState("");
  const [asked, setAsked] = useState<{ deed: Deed; about: User } | null>(null);
  const load = (more = 0) =>
    loadPeople((all?.items.length || PAGE) + more).then(setAll, (reason: Error) => setError(reason.message));
  useEffect(() => void load(), []);
  useTitle(text.admin.heading);

  if (error) return <Message heading={error} action={<ToPads />} />;
  if (!all) return <Waiting />;
  return (
    <div className="page">
      <Top user={user} />
      <main>
        <Heading>{text.admin.heading}</Heading>
        <p className="quiet">{text.admin.sessions(all.online.size, all.sessions)}</p>
        <List className="people">
          {all.items.map((one) => (
            <Person
              key={one.id}
              user={one}
              isOnline={all.online.has(one.id)}
              isSelf={one.id === user.id}
              onAsk={(deed) => setAsked({ deed, about: one })}
            />
          ))}
        </List>
        {all.cursor && <More key={all.items.length} onSight={() => void load(PAGE)} />}
      </main>
      {asked && (
        <DeedDialog
          {...asked}
          others={all.items.filter(({ id }) => id !== asked.about.id)}
          hasMore={Boolean(all.cursor)}
          onDone={() => void load()}
          onClose={() => setAsked(null)}
        />
      )}
    </div>
  );
}

interface PersonProps {
  user: User;
  isOnline: boolean;
  isSelf: boolean;
  onAsk: (deed: Deed) => void;
}

function Person({ user, isOnline, isSelf, onAsk }: PersonProps) {
  const items: Item[] = DEEDS.filter(({ deed }) => deed !== "remove" || !isSelf).map(({ deed, ...item }) => ({
    ...item,
    danger: deed === "remove",
    run: () => onAsk(deed),
  }));
  return (
    <li className="person">
      <div>
        <strong className="name" dir="auto">{nameOf(user)}</strong>
        <p className="quiet name">{user.email}</p>
      </div>
      <p className="marks">
        {isOnline && <span className="mark on">{text.admin.isOnline}</span>}
        {user.roles.includes("admin") && <span className="mark">{text.admin.isAdmin}</span>}
        <time className="quiet" dateTime={user.created_at}>{text.admin.since(date(user.created_at))}</time>
      </p>
      <Menu label={text.admin.actions(nameOf(user))} className="button bare round" items={items}>
        <Icon name="more" />
      </Menu>
    </li>
  );
}
