import { useEffect, useState } from "react";
import type { Usage as Used } from "../api/client";
import { getUsage } from "../api/usage";
import { text } from "../text";
import "./usage.css";

/** How much of what one may keep is used. */
export function Usage() {
  const [usage, setUsage] = useState<Used>();
  useEffect(() => {
    getUsage().then(setUsage, () => undefined); // nothing depends on it
  }, []);
  return (
    <section className="panel" aria-labelledby="usage" aria-busy={!usage}>
      <h2 id="usage">{text.account.usage}</h2>
      {usage && <Meters usage={usage} />}
      <p className="quiet">{text.usageLead}</p>
    </section>
  );
}

export const Meters = ({ usage }: { usage: Used }) => (
  <div className="usage">
    <Share label={text.padsUsed(usage.pads, usage.pads_limit)} used={usage.pads} limit={usage.pads_limit} />
    <Share label={text.bytesUsed(usage.bytes, usage.bytes_limit)} used={usage.bytes} limit={usage.bytes_limit} />
  </div>
);

function Share({ label, used, limit }: { label: string; used: number; limit: number | null }) {
  return (
    <label>
      {label}
      {limit !== null && <meter min={0} max={limit} high={limit * 0.9} optimum={0} value={used} />}
    </label>
  );
}
