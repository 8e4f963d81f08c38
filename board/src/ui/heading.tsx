import { type ReactNode, useEffect, useRef } from "react";
import { hasNavigated } from "../router";

/** The heading of a view. Whoever comes from another view by keyboard goes on from here. */
export function Heading({ children }: { children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (hasNavigated() && document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, []);
  return <h1 ref={heading} tabIndex={-1}>{children}</h1>;
}
