/** Which view is shown, and to whom. */

import { Component, lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { getUser, type User } from "./api/client";
import { Gallery } from "./gallery/gallery";
import { ACCOUNT, ADMIN, follow, TRASH, usePath } from "./router";
import { text } from "./text";
import { Heading } from "./ui/heading";
import { Toasts } from "./ui/toasts";

const Editor = lazy(() => import("./editor/editor"));
const History = lazy(() => import("./history/history"));
const Account = lazy(() => import("./account/account"));
const Trash = lazy(() => import("./trash/trash"));
const Admin = lazy(() => import("./admin/admin"));
const Shared = lazy(() => import("./shared/shared"));

export function App() {
  const [, token] = /^\/shared\/([^/]+)$/.exec(usePath()) ?? [];
  return (
    <Boundary>
      {token ? <Suspense fallback={<Waiting />}><Shared key={token} token={token} /></Suspense> : <Session />}
      <Toasts />
    </Boundary>
  );
}

function Session() {
  const [user, setUser] = useState<User | null>();
  const [error, setError] = useState("");
  useEffect(() => {
    getUser().then(setUser, (reason: Error) => setError(reason.message));
  }, []);
  if (error) return <Message heading={text.failed} lead={error} action={<Reload />} />;
  if (user === undefined) return <Waiting />;
  return user ? <View user={user} /> : <Welcome />;
}

function View({ user }: { user: User }) {
  const path = usePath();
  const [, padId, rest] = /^\/pads\/([^/]+)(\/history)?\/?$/.exec(path) ?? [];
  const view = () => {
    if (path === "/") return <Gallery user={user} />;
    if (path === ACCOUNT) return <Account user={user} />;
    if (path === TRASH) return <Trash user={user} />;
    if (path === ADMIN) return <Admin user={user} />;
    if (padId && rest) return <History key={padId} padId={padId} />;
    if (padId) return <Editor key={padId} padId={padId} user={user} />;
    return <Message heading={text.missing} action={<ToPads />} />;
  };
  return <Suspense fallback={<Waiting />}>{view()}</Suspense>;
}

function Welcome() {
  const next = encodeURIComponent(location.pathname);
  return (
    <Message
      heading={text.welcome.heading}
      lead={text.welcome.lead}
      action={
        <a className="button main" href={`/auth/login?next=${next}`}>
          {text.signIn}
        </a>
      }
    />
  );
}

interface MessageProps {
  heading: string;
  lead?: string;
  action: ReactNode;
}

export function Message({ heading, lead, action }: MessageProps) {
  return (
    <main className="center">
      <img src="/pages/icon.svg" alt="" width="72" height="72" />
      <Heading>{heading}</Heading>
      {lead && <p className="lead">{lead}</p>}
      {action}
    </main>
  );
}

export const ToPads = () => (
  <a className="button main" href="/" onClick={follow}>
    {text.toPads}
  </a>
);

const Reload = () => (
  <button type="button" className="button main" onClick={() => location.reload()}>
    {text.reload}
  </button>
);

export function Waiting() {
  return (
    <main className="center" aria-busy="true">
      <p className="quiet">{text.loading}</p>
    </main>
  );
}

/** Shows an error of a view, or a chunk that cannot be loaded, in place of an empty page. */
class Boundary extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return <Message heading={text.failed} lead={error.message} action={<Reload />} />;
  }
}
