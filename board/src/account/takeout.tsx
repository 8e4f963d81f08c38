import { type ChangeEvent, useRef, useState } from "react";
import { ApiError, type BroughtIn, errorOf } from "../api/client";
import { text } from "../text";
import { Icon } from "../ui/icons";
import { report } from "../ui/report";

const ADDRESS = "/api/users/me/takeout";

/** Everything of one's own as a file, and such a file brought in. */
export function Takeout() {
  const input = useRef<HTMLInputElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [result, setResult] = useState<BroughtIn>();
  const onChange = (event: ChangeEvent<HTMLInputElement>) => {
    const [file] = event.target.files ?? [];
    event.target.value = "";
    if (!file) return;
    setBusy(true);
    setResult(undefined);
    bringIn(file)
      .then(setResult, report)
      .finally(() => setBusy(false));
  };
  return (
    <section className="panel account" aria-labelledby="takeout">
      <h2 id="takeout">{text.account.takeout}</h2>
      <p className="quiet">{text.account.takeoutLead}</p>
      <div className="row">
        <a className="button" href={ADDRESS} download>
          <Icon name="download" />
          {text.account.download}
        </a>
        <button type="button" className="button" disabled={isBusy} onClick={() => input.current?.click()}>
          {isBusy ? text.account.bringingIn : text.account.bringIn}
        </button>
        <input ref={input} type="file" accept=".zip" hidden aria-label={text.account.bringIn} onChange={onChange} />
      </div>
      <div role="status">
        {result && <p>{text.account.broughtIn(result.pads, result.backups)}</p>}
        {result?.skipped.map(({ path, reason }) => (
          <p key={path} className="quiet name" dir="auto">{text.account.skipped(path, reason)}</p>
        ))}
      </div>
    </section>
  );
}

/** Sent without openapi-fetch: a file of gigabytes goes from the disk to the service as it is. */
async function bringIn(file: File): Promise<BroughtIn> {
  const headers = { "Content-Type": "application/zip" };
  const response = await fetch(ADDRESS, { method: "POST", headers, body: file }).catch(() => null);
  if (!response) throw new ApiError(0, text.noAnswer);
  const answer = (await response.json().catch(() => null)) as BroughtIn;
  if (!response.ok) throw errorOf(response, answer);
  return answer;
}
