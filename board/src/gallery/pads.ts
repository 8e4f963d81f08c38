/** The pads of the gallery: in pages, in an order, found by words. */

import { useCallback, useEffect, useRef, useState } from "react";
import { api, ApiError, type ListedPad, type User } from "../api/client";
import { collect, type Pages } from "../api/pages";
import { PAD_SAVED, padsWithDrafts } from "../store";
import { isDoomed } from "./actions";

/** How the service is asked for each order. */
export const ORDERS = { edited: "-updated", name: "name", created: "-created" } as const;
export type Order = keyof typeof ORDERS;

const PAGE = 60;
const SECONDS_BETWEEN_TRIES = 4;

const findPads = (order: Order, words: string, wanted: number): Promise<Pages<ListedPad>> =>
  collect(wanted, "cursor", (cursor) => {
    const query = { data: false, limit: PAGE, sort: ORDERS[order], ...(words && { q: words }), ...(cursor && { cursor }) };
    return api.GET("/api/pad", { params: { query } });
  });

/** The pads, read again whenever somebody comes back to this page, and for as long as that fails. */
export function usePads(user: User, order: Order, words: string) {
  const [found, setFound] = useState<Pages<ListedPad>>();
  const [unsaved, setUnsaved] = useState<Set<string>>(new Set());
  const [trouble, setTrouble] = useState("");
  /** What was asked for last: the answers to anything else come too late. */
  const asked = useRef("");
  const shown = useRef(0);
  shown.current = found?.items.length ?? 0;

  const ask = useCallback(
    async (wanted: () => number) => {
      const question = (asked.current = crypto.getRandomValues(new Uint32Array(2)).join());
      try {
        const [pads, drafts] = await Promise.all([
          findPads(order, words, wanted()),
          padsWithDrafts(user.id).catch(() => new Set<string>()),
        ]);
        if (asked.current !== question) return;
        setUnsaved(drafts);
        setFound(pads);
        setTrouble("");
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) location.reload();
        else if (asked.current === question) setTrouble((error as Error).message);
      }
    },
    [user.id, order, words],
  );
  const reload = useCallback(() => ask(() => shown.current), [ask]);
  const more = useCallback(() => ask(() => shown.current + PAGE), [ask]);

  useEffect(() => {
    const again = () => void reload();
    const onVisibility = () => document.hidden || again();
    void ask(() => PAGE);
    document.addEventListener("visibilitychange", onVisibility);
    window.addEventListener("online", again);
    window.addEventListener(PAD_SAVED, again);
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      window.removeEventListener("online", again);
      window.removeEventListener(PAD_SAVED, again);
    };
  }, [ask, reload]);
  useEffect(() => {
    if (!trouble) return;
    const tries = setInterval(() => void reload(), SECONDS_BETWEEN_TRIES * 1_000);
    return () => clearInterval(tries);
  }, [trouble, reload]);

  const pads = found?.items.filter(({ id }) => !isDoomed(id));
  return { pads, hasMore: Boolean(found?.cursor), unsaved, trouble, reload, more };
}
