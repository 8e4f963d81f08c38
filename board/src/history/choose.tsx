import { Excalidraw } from "@excalidraw/excalidraw";
import "@excalidraw/excalidraw/index.css";
import type { ExcalidrawImperativeAPI } from "@excalidraw/excalidraw/types";
import { useEffect, useRef, useState } from "react";
import type { Scene } from "../api/client";
import { useDarkMode } from "../editor/dark_mode";
import { fit } from "../editor/fit";
import { keepNames } from "../editor/names";
import { text } from "../text";

interface Props {
  /** The earlier state, and the drawing as it is. */
  then: Scene;
  now: Scene;
  onRestore: (ids: string[]) => void;
  onCancel: () => void;
}

const shownIn = (scene: Scene): string[] => scene.elements.filter((each) => !each.isDeleted).map(({ id }) => id);

/** An earlier state in which one selects the elements that come back; nothing that is done here is kept. */
export default function Choose({ then, now, onRestore, onCancel }: Props) {
  const [api, setApi] = useState<ExcalidrawImperativeAPI>();
  const [chosen, setChosen] = useState("");
  const canvas = useRef<HTMLDivElement>(null);
  const isFitted = useRef(false);
  const isDark = useDarkMode();
  useEffect(() => keepNames(canvas.current!), []);

  const ids = chosen ? chosen.split(" ") : [];
  const here = new Set(shownIn(now));
  const missing = shownIn(then).filter((id) => !here.has(id));
  const select = (wanted: string[]) =>
    api?.updateScene({ appState: { selectedElementIds: Object.fromEntries(wanted.map((id) => [id, true as const])) } });
  const onChange = (elements: readonly { id: string; containerId?: string | null }[], selected: Record<string, true>) => {
    if (!isFitted.current && api) {
      isFitted.current = true;
      fit(api);
    }
    // A text comes along with what it is written on.
    setChosen(elements.filter(({ id, containerId }) => selected[id] || selected[containerId ?? ""]).map(({ id }) => id).join(" "));
  };

  return (
    <>
      <div className="row choose-actions">
        <p className="quiet">{text.history.chooseLead}</p>
        {missing.length > 0 && (
          <button type="button" className="button" onClick={() => select(missing)}>
            {text.history.chooseMissing(missing.length)}
          </button>
        )}
        <button type="button" className="button main" disabled={!ids.length} onClick={() => onRestore(ids)}>
          {text.history.restoreChosen(ids.length)}
        </button>
        <button type="button" className="button" onClick={onCancel}>
          {text.cancel}
        </button>
      </div>
      <div ref={canvas} className="choose">
        <Excalidraw
          excalidrawAPI={setApi}
          initialData={then as never}
          onChange={(elements, appState) => onChange(elements as never, appState.selectedElementIds)}
          theme={isDark ? "dark" : "light"}
          aiEnabled={false}
          validateEmbeddable={false}
          autoFocus
        />
      </div>
    </>
  );
}
