/** Names that Excalidraw's controls lack, or have beside others, for people who hear the page. */

import { text } from "../text";

type Mend = (element: Element) => void;

const name =
  (label: string): Mend =>
  (element) =>
    element.setAttribute("aria-label", label);

const drop =
  (attribute: string): Mend =>
  (element) =>
    element.removeAttribute(attribute);

const MENDS: [string, Mend][] = [
  [".main-menu-trigger:not([aria-label])", name(text.editor.menu)],
  ["[role=dialog].color-picker-container:not([aria-label])", name(text.editor.colours)],
  // What is written on these is not what they would be called.
  [".reset-zoom-button[aria-label]", drop("aria-label")],
  [".dropdown-menu-item[aria-label]", drop("aria-label")],
  // It is inside the page's main part.
  ["footer[role=contentinfo]", drop("role")],
];

/** Mend what is there and what comes, until the returned function is called. */
export function keepNames(root: Element): () => void {
  let frame = 0;
  const mend = () => {
    frame = 0;
    for (const [selector, change] of MENDS) root.querySelectorAll(selector).forEach(change);
  };
  const observer = new MutationObserver(() => (frame ||= requestAnimationFrame(mend)));
  observer.observe(root, { childList: true, subtree: true });
  mend();
  return () => {
    observer.disconnect();
    cancelAnimationFrame(frame);
  };
}
