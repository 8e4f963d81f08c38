import { useEffect, useRef, useState } from "react";
import type { Scene } from "../api/client";
import { pictureOf } from "../pictures";
import type { Picture } from "../store";
import { text } from "../text";
import "./preview.css";

interface Props {
  id: string;
  version: string;
  load: () => Promise<Scene>;
}

/** A drawing as a picture, drawn once it comes into sight. */
export function Preview({ id, version, load }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [picture, setPicture] = useState<Pick<Picture, "svg" | "background"> | null>(null);
  const [note, setNote] = useState(text.gallery.empty);
  const url = useObjectUrl(picture?.svg);

  useEffect(() => {
    const controller = new AbortController();
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (!entry?.isIntersecting) return;
        observer.disconnect();
        pictureOf(id, version, load, controller.signal).then(setPicture, () => {
          setNote(text.gallery.noPreview);
          setPicture({ svg: "", background: "transparent" });
        });
      },
      { rootMargin: "200px" },
    );
    observer.observe(box.current!);
    return () => {
      controller.abort();
      observer.disconnect();
    };
  }, [id, version]);

  return (
    <div className="preview" ref={box} aria-busy={!picture}>
      {picture && (
        <div className="paper" style={{ background: picture.background }}>
          {url ? <img src={url} alt="" draggable={false} /> : <span>{note}</span>}
        </div>
      )}
    </div>
  );
}

function useObjectUrl(svg: string | undefined): string {
  const [url, setUrl] = useState("");
  useEffect(() => {
    if (!svg) return setUrl("");
    const made = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [svg]);
  return url;
}
