/** Addresses of views. The service answers each of them with the same page. */

import { type MouseEvent, useSyncExternalStore } from "react";

const CHANGED = "padws:navigated";

let isFirst = true;
for (const name of ["popstate", CHANGED]) window.addEventListener(name, () => (isFirst = false));

/** Whether another view has been shown before, on this page. */
export const hasNavigated = (): boolean => !isFirst;

export const padPath = (padId: string): string => `/pads/${padId}`;
export const historyPath = (padId: string): string => `/pads/${padId}/history`;
export const ACCOUNT = "/account";
export const TRASH = "/trash";
export const ADMIN = "/admin";

export function navigate(path: string, options: { replace?: boolean } = {}): void {
  history[options.replace ? "replaceState" : "pushState"](null, "", path);
  window.dispatchEvent(new Event(CHANGED));
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("popstate", listener);
  window.addEventListener(CHANGED, listener);
  return () => {
    window.removeEventListener("popstate", listener);
    window.removeEventListener(CHANGED, listener);
  };
}

export const usePath = (): string => useSyncExternalStore(subscribe, () => location.pathname);

/** For a link's onClick: go there without loading the page again. */
export function follow(event: MouseEvent<HTMLAnchorElement>): void {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  navigate(event.currentTarget.pathname);
}
