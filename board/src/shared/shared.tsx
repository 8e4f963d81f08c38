import { CaptureUpdateAction, Excalidraw } from "@excalidraw/excalidraw";
import "@excalidraw/excalidraw/index.css";
import type { ExcalidrawImperativeAPI } from "@excalidraw/excalidraw/types";
import { type FormEvent, useCallback, useEffect, useRef, useState } from "react";
import { Message, Waiting } from "../app";
import { ApiError, type SharedPad } from "../api/client";
import { useDarkMode } from "../editor/dark_mode";
import { fit } from "../editor/fit";
import { keepNames } from "../editor/names";
import "../editor/editor.css";
import "./shared.css";
import { ago, exactly, text } from "../text";
import { useTitle } from "../ui/title";
import { openShared, showPictures, shownOf } from "./open";

const SECONDS_BETWEEN_LOOKS = 10;

/** What a link shows: a drawing to look at, as it is now. */
export default function Shared({ token }: { token: string }) {
  const [password, setPassword] = useState<string>();
  const [pad, setPad] = useState<SharedPad>();
  const [problem, setProblem] = useState<ApiError>();
  const version = useRef<number>(undefined);

  const look = useCallback(async () => {
    try {
      const found = await openShared(token, password, version.current);
      if (found) {
        version.current = found.version;
        setPad(found);
      }
      setProblem(undefined);
    } catch (error) {
      setProblem(error as ApiError);
    }
  }, [token, password]);
  useEffect(() => {
    void look();
    const looks = setInterval(() => !document.hidden && void look(), SECONDS_BETWEEN_LOOKS * 1_000);
    return () => clearInterval(looks);
  }, [look]);
  useTitle(pad?.display_name ?? text.shared.heading);

  if (problem?.status === 404) return <Message heading={text.shared.ended} lead={text.shared.endedMore} action={null} />;
  if (problem?.status === 403) return <Password isWrong={problem.code === "wrong_password"} onOpen={setPassword} />;
  if (pad) return <Look pad={pad} password={password} />;
  if (problem) return <Message heading={text.failed} lead={problem.message} action={null} />;
  return <Waiting />;
}

function Password({ isWrong, onOpen }: { isWrong: boolean; onOpen: (password: string) => void }) {
  const open = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onOpen(String(new FormData(event.currentTarget).get("password")));
  };
  const form = (
    <form className="password" onSubmit={open}>
      <label className="field">
        {text.shared.password}
        <input name="password" type="password" required autoFocus autoComplete="off" aria-invalid={isWrong} aria-describedby="wrong" />
      </label>
      <p id="wrong" className="wrong" role="alert">{isWrong && text.shared.wrong}</p>
      <button type="submit" className="button main">{text.shared.open}</button>
    </form>
  );
  return <Message heading={text.shared.heading} lead={text.shared.locked} action={form} />;
}

function Look({ pad, password }: { pad: SharedPad; password: string | undefined }) {
  const [api, setApi] = useState<ExcalidrawImperativeAPI>();
  const isDark = useDarkMode();
  const canvas = useRef<HTMLElement>(null);
  useEffect(() => keepNames(canvas.current!), []);
  const [first] = useState(pad);
  const isFitted = useRef(false);
  const fitOnce = () => {
    if (isFitted.current || !api) return;
    isFitted.current = true;
    fit(api);
  };
  useEffect(() => {
    if (!api) return;
    if (pad !== first) api.updateScene({ ...shownOf(pad), captureUpdate: CaptureUpdateAction.NEVER });
    showPictures(api, pad, password);
  }, [api, pad]);
  return (
    <div className="editor">
      <header className="bar">
        <h1 className="bar-name shared-name name" dir="auto">{pad.display_name}</h1>
        <p className="save-status">
          <time dateTime={pad.updated_at} title={exactly(pad.updated_at)}>{text.shared.changed(ago(pad.updated_at))}</time>
        </p>
      </header>
      <main ref={canvas} className="canvas" aria-label={text.editor.canvas}>
        <Excalidraw
          excalidrawAPI={setApi}
          initialData={shownOf(first)}
          onChange={fitOnce}
          viewModeEnabled
          name={pad.display_name}
          theme={isDark ? "dark" : "light"}
          aiEnabled={false}
          validateEmbeddable={false}
          UIOptions={{ canvasActions: { loadScene: false, saveToActiveFile: false, toggleTheme: false } }}
        />
      </main>
    </div>
  );
}
