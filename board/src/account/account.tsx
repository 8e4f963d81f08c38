import { type FormEvent, useEffect, useState } from "react";
import { api, ok, type Token, type User } from "../api/client";
import { clearPictures, padsWithDrafts } from "../store";
import { ADMIN, follow } from "../router";
import { text } from "../text";
import { CopyField } from "../ui/copy_field";
import { Heading } from "../ui/heading";
import { List } from "../ui/list";
import { report } from "../ui/report";
import { useTitle } from "../ui/title";
import { Top } from "../ui/top";
import "./account.css";
import { Takeout } from "./takeout";
import { Usage } from "./usage";

export default function Account({ user }: { user: User }) {
  const [isUnsaved, setUnsaved] = useState(false);
  useTitle(text.account.heading);
  useEffect(() => {
    padsWithDrafts(user.id).then((pads) => setUnsaved(pads.size > 0), () => undefined);
  }, [user.id]);
  const signOut = async () => {
    await clearPictures().catch(() => undefined);
    const { logout_url } = await ok(api.POST("/auth/logout"));
    location.assign(logout_url || "/");
  };
  return (
    <div className="page narrow">
      <Top user={user} />
      <main>
        <Heading>{text.account.heading}</Heading>
        <section className="panel account" aria-labelledby="who">
          <h2 id="who" className="name" dir="auto">{user.name || user.username}</h2>
          <p className="quiet name">{user.email}</p>
          {isUnsaved && <p className="unsaved" role="alert">{text.account.unsaved}</p>}
          <div className="row">
            <button type="button" className="button" onClick={() => void signOut().catch(report)}>
              {text.signOut}
            </button>
            {user.roles.includes("admin") && <a href={ADMIN} onClick={follow}>{text.account.admin}</a>}
            <a href="/api/docs">{text.account.api}</a>
            <a href="/licences.md">{text.account.licences}</a>
          </div>
        </section>
        <Usage />
        <Takeout />
        <Tokens />
      </main>
    </div>
  );
}

function Tokens() {
  const [tokens, setTokens] = useState<Token[]>();
  const [created, setCreated] = useState("");
  const load = () => ok(api.GET("/api/users/me/tokens")).then(setTokens, report);
  useEffect(() => void load(), []);

  const create = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const values = new FormData(form);
    const scope = values.get("scope") as "read" | "write";
    const body = { name: String(values.get("name")), scope, expires_at: null };
    try {
      setCreated((await ok(api.POST("/api/users/me/tokens", { body }))).token);
      form.reset();
      await load();
    } catch (error) {
      void report(error);
    }
  };
  const revoke = (id: string) =>
    ok(api.DELETE("/api/users/me/tokens/{token_id}", { params: { path: { token_id: id } } })).then(load, report);

  return (
    <section className="panel" aria-labelledby="tokens">
      <h2 id="tokens">{text.account.tokens}</h2>
      <p className="quiet">{text.account.tokensLead}</p>
      {tokens?.length === 0 && <p className="quiet">{text.account.noTokens}</p>}
      <List className="tokens">
        {tokens?.map((token) => (
          <li key={token.id}>
            <div>
              <strong className="name" dir="auto">{token.name}</strong>
              <p className="quiet">{describe(token)}</p>
            </div>
            <button type="button" className="button" aria-label={text.account.revokeNamed(token.name)} onClick={() => void revoke(token.id)}>
              {text.account.revoke}
            </button>
          </li>
        ))}
      </List>
      {created && <CopyField lead={text.account.created} value={created} />}
      <form className="new-token" onSubmit={(event) => void create(event)}>
        <label className="field">
          {text.account.tokenName}
          <input name="name" required maxLength={100} autoComplete="off" dir="auto" />
        </label>
        <label className="field">
          {text.account.tokenScope}
          <select name="scope">
            <option value="read">{text.account.read}</option>
            <option value="write">{text.account.write}</option>
          </select>
        </label>
        <button type="submit" className="button main">
          {text.account.create}
        </button>
      </form>
    </section>
  );
}

function describe({ scope, last_used_at, expires_at }: Token): string {
  const may = scope === "write" ? text.account.write : text.account.read;
  const used = last_used_at ? text.account.used(last_used_at) : text.account.neverUsed;
  return [may, used, ...(expires_at ? [text.account.expires(expires_at)] : [])].join(" · ");
}
