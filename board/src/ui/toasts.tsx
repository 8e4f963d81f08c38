/** Short messages at the edge of every view; the only state that views share. */

import { useSyncExternalStore } from "react";

export interface Toast {
  message: string;
  action?: { label: string; run: () => void };
  /** What happens once it is gone without its action. */
  onEnd?: () => void;
}

const SECONDS = 8;

let toasts: readonly (Toast & { id: number })[] = [];
let last = 0;
const listeners = new Set<() => void>();

function set(next: typeof toasts): void {
  toasts = next;
  listeners.forEach((listener) => listener());
}

function end(id: number, finish: (toast: Toast) => void): void {
  const toast = toasts.find((each) => each.id === id);
  set(toasts.filter((each) => each.id !== id));
  if (toast) finish(toast);
}

export function showToast(toast: Toast): void {
  const id = ++last;
  set([...toasts, { ...toast, id }]);
  setTimeout(() => end(id, (each) => each.onEnd?.()), SECONDS * 1000);
}

// Whoever leaves has not taken anything back.
window.addEventListener("pagehide", () => toasts.forEach(({ id }) => end(id, (each) => each.onEnd?.())));

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, message, action }) => (
        <div className="toast" key={id}>
          <span className="name" dir="auto">{message}</span>
          {action && (
            <button type="button" onClick={() => end(id, () => action.run())}>
              {action.label}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}
