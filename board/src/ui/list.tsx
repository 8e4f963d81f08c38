import { type ComponentProps, useEffect, useRef } from "react";

/** A list that keeps the keyboard's place: where its item goes away, the next one takes over, or the view's heading. */
export function List(props: ComponentProps<"ul">) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    const items = list.current!;
    let item: Element | undefined;
    let place = 0;
    const note = ({ target }: Event) => {
      place = [...items.children].findIndex((each) => each.contains(target as Node));
      item = items.children[place];
    };
    const observer = new MutationObserver(() => {
      if (!item || items.contains(item) || document.activeElement !== document.body) return;
      const next = [...items.children].at(Math.min(place, items.children.length - 1));
      (next?.querySelector<HTMLElement>("a, button") ?? document.querySelector("h1"))?.focus();
    });
    items.addEventListener("focusin", note);
    observer.observe(items, { childList: true });
    return () => observer.disconnect();
  }, []);
  return <ul ref={list} {...props} />;
}
