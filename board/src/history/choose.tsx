import { Excalidraw } from "@excalidraw/excalidraw";
import "@excalidraw/excalidraw/index.css";
import type { ExcalidrawImperativeAPI } from "@excalidraw/excalidraw/types";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Scene } from "../api/client";
import { useDarkMode } from "../editor/dark_mode";
import { fit } from "../editor/fit";
import { keepNames } from "../editor/names";
import { text } from "../text";
import { type Lost, lostSince } from "./elements";

interface Props {
  /** The earlier state, and the drawing as it is. */
  then: Scene;
  now: Scene;
  onRestore: (ids: string[]) => void;
  onCancel: () => void;
}

/**
 * An earlier state in which one selects the elements that come back: in the drawing, or in the list of those that are
 * no longer as they were. Nothing that is done here is kept.
 */
export default function Choose({ then, now, onRestore, onCancel }: Props) {
  const [api, setApi] = useState<ExcalidrawImperativeAPI>();
  const [chosen, setChosen] = useState<string[]>([]);
  const lost = useMemo(() => lostSince(then, now), [then, now]);
  const panel = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLDivElement>(null);
  const isFitted = useRef(false);
  const isDark = useDarkMode();
  useEffect(() => {
    panel.current!.focus(); // the button that led here is gone
    return keepNames(canvas.current!);
  }, []);

  const select = (ids: string[]) =>
    api?.updateScene({ appState: { selectedElementIds: Object.fromEntries(ids.map((id) => [id, true as const])) } });
  const onChange = (elements: readonly { id: string; containerId?: string | null }[], selected: Record<string, true>) => {
    if (!isFitted.current && api) {
      isFitted.current = true;
      fit(api);
    }
    // A text comes along with what it is written on.
    const ids = elements.filter(({ id, containerId }) => selected[id] || selected[containerId ?? ""]).map(({ id }) => id);
    setChosen((before) => (JSON.stringify(before) === JSON.stringify(ids) ? before : ids));
  };

  return (
    <div ref={panel} className="choose-panel" role="group" aria-label={text.history.choose} tabIndex={-1}>
      <div className="choose-side">
        <p className="quiet">{text.history.chooseLead}</p>
        <LostList lost={lost} chosen={chosen} onSelect={select} />
        <p className="hidden-text" role="status">{text.history.chosen(chosen.length)}</p>
        <div className="row">
          <button type="button" className="button main" disabled={!chosen.length} onClick={() => onRestore(chosen)}>
            {text.history.restoreChosen(chosen.length)}
          </button>
          <button type="button" className="button" onClick={onCancel}>
            {text.cancel}
          </button>
        </div>
      </div>
      <div ref={canvas} className="choose">
        <Excalidraw
          excalidrawAPI={setApi}
          initialData={then as never}
          onChange={(elements, appState) => onChange(elements as never, appState.selectedElementIds)}
          theme={isDark ? "dark" : "light"}
          aiEnabled={false}
          validateEmbeddable={false}
        />
      </div>
    </div>
  );
}

interface LostListProps {
  lost: Lost[];
  chosen: string[];
  onSelect: (ids: string[]) => void;
}

/** What is no longer as it was: for whoever has no pointer, or does not see where something was. */
function LostList({ lost, chosen, onSelect }: LostListProps) {
  const missing = lost.filter(({ isMissing }) => isMissing).map(({ id }) => id);
  const isChosen = new Set(chosen);
  const toggle = (id: string) => onSelect(isChosen.has(id) ? chosen.filter((each) => each !== id) : [...chosen, id]);
  if (!lost.length) return <p>{text.history.nothingLost}</p>;
  return (
    <>
      {missing.length > 0 && (
        <button type="button" className="button" onClick={() => onSelect(missing)}>
          {text.history.chooseMissing(missing.length)}
        </button>
      )}
      <ul className="lost" aria-label={text.history.lost}>
        {lost.map(({ id, name, isMissing }) => (
          <li key={id}>
            <label className="lost-one">
              <input type="checkbox" checked={isChosen.has(id)} onChange={() => toggle(id)} />
              <span>
                <span className="name" dir="auto">{name}</span>{" "}
                <span className="quiet">{text.history.lostHow(isMissing)}</span>
              </span>
            </label>
          </li>
        ))}
      </ul>
    </>
  );
}
