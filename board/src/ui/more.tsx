import { useEffect, useRef } from "react";
import { text } from "../text";

/** The end of what is shown: more is loaded before one gets there, or by pressing it. */
export function More({ onSight }: { onSight: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && onSight(), { rootMargin: "600px" });
    observer.observe(button.current!);
    return () => observer.disconnect();
  }, []);
  return (
    <button ref={button} type="button" className="button more" onClick={onSight}>
      {text.showMore}
    </button>
  );
}
