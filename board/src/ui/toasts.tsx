/** Short messages at the edge of every view; the only state that views share. */

import { useEffect, useSyncExternalStore } from "react";

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

/** Ctrl+Z takes back what the newest message offers to undo: by keyboard its button is far away. */
export function useUndoKey(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const offer = toasts.findLast(({ onEnd }) => onEnd);
      const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z";
      if (!offer || !isUndo || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      end(offer.id, ({ action }) => action?.run());
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, message, action, onEnd }) => (
        <div className="toast" key={id}>
          <span className="name" dir="auto">{message}</span>
          {action && (
            <button type="button" aria-keyshortcuts={onEnd && "Control+Z"} onClick={() => end(id, () => action.run())}>
              {action.label}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}
