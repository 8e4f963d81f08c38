import { type FormEvent, useEffect, useState } from "react";
import { api, type Link, ok } from "../api/client";
import { exactly, text } from "../text";
import { CopyField } from "../ui/copy_field";
import { CloseButton, Dialog } from "../ui/dialog";
import { List } from "../ui/list";
import { report } from "../ui/report";
import "./share.css";

const DAYS = [0, 1, 7, 30];

/** A pad's share links: make one, see which there are, end them. */
export default function Share({ padId, onClose }: { padId: string; onClose: () => void }) {
  const [links, setLinks] = useState<Link[]>();
  const [url, setUrl] = useState("");
  const path = { pad_id: padId };
  const load = () => ok(api.GET("/api/pad/{pad_id}/links", { params: { path } })).then(setLinks, report);
  useEffect(() => void load(), [padId]);

  const create = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const values = new FormData(form);
    const days = Number(values.get("days"));
    const body = {
      expires_at: days ? new Date(Date.now() + days * 86_400_000).toISOString() : null,
      password: String(values.get("password")) || null,
    };
    try {
      setUrl((await ok(api.POST("/api/pad/{pad_id}/links", { params: { path }, body }))).url);
      form.reset();
      await load();
    } catch (error) {
      void report(error);
    }
  };
  const end = (link: Link) =>
    ok(api.DELETE("/api/pad/{pad_id}/links/{link_id}", { params: { path: { ...path, link_id: link.id } } }))
      .then(() => setUrl(""))
      .then(load, report);

  return (
    <Dialog heading={text.share.heading} onClose={onClose}>
      <p className="quiet">{text.share.lead}</p>
      <form className="share-form" onSubmit={(event) => void create(event)}>
        <label className="field">
          {text.share.expires}
          <select name="days">
            {DAYS.map((days) => (
              <option key={days} value={days}>{text.share.days(days)}</option>
            ))}
          </select>
        </label>
        <label className="field">
          {text.share.password}
          <input name="password" type="text" maxLength={200} autoComplete="off" spellCheck={false} placeholder={text.share.optional} />
        </label>
        <button type="submit" className="button main">{text.share.create}</button>
      </form>
      {url && <CopyField lead={text.share.created} value={url} />}
      {links?.length ? <h3>{text.share.links}</h3> : null}
      <List className="links">
        {links?.map((link) => (
          <li key={link.id}>
            <span>{text.share.describe(exactly(link.created_at), link.expires_at, link.has_password)}</span>
            <button
              type="button"
              className="button"
              aria-label={text.share.endNamed(exactly(link.created_at))}
              onClick={() => void end(link)}
            >
              {text.share.end}
            </button>
          </li>
        ))}
      </List>
      <div className="row end">
        <CloseButton label={text.close} />
      </div>
    </Dialog>
  );
}
