import { useEffect } from "react";
import { text } from "../text";

export function useTitle(place: string): void {
  useEffect(() => {
    document.title = place ? text.title(place) : text.product;
  }, [place]);
}
