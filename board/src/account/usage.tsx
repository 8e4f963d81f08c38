import { useEffect, useState } from "react";
import { api, ok, type Usage as Used } from "../api/client";
import { text } from "../text";

/** How much of what one may keep is used. */
export function Usage() {
  const [usage, setUsage] = useState<Used>();
  useEffect(() => {
    ok(api.GET("/api/users/me/usage")).then(setUsage, () => undefined); // nothing depends on it
  }, []);
  return (
    <section className="panel" aria-labelledby="usage" aria-busy={!usage}>
      <h2 id="usage">{text.account.usage}</h2>
      {usage && (
        <div className="usage">
          <Share label={text.account.padsUsed(usage.pads, usage.pads_limit)} used={usage.pads} limit={usage.pads_limit} />
          <Share label={text.account.bytesUsed(usage.bytes, usage.bytes_limit)} used={usage.bytes} limit={usage.bytes_limit} />
        </div>
      )}
      <p className="quiet">{text.account.usageLead}</p>
    </section>
  );
}

function Share({ label, used, limit }: { label: string; used: number; limit: number | null }) {
  return (
    <label>
      {label}
      {limit !== null && <meter min={0} max={limit} high={limit * 0.9} optimum={0} value={used} />}
    </label>
  );
}
