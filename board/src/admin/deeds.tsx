/** What an administrator can look at and do about a person, each in a dialog. */

import { type FormEvent, useEffect, useState } from "react";
import { Meters } from "../account/usage";
import { api, ok, type Usage, type User } from "../api/client";
import { text } from "../text";
import { Confirm } from "../ui/confirm";
import { CloseButton, Dialog } from "../ui/dialog";
import type { Item } from "../ui/menu";
import { report } from "../ui/report";
import { showToast } from "../ui/toasts";

export type Deed = "usage" | "move" | Ending;
type Ending = "endLinks" | "endSessions" | "remove";

export const DEEDS: { deed: Deed; label: string; icon: Item["icon"] }[] = [
  { deed: "usage", label: text.admin.usage, icon: "gauge" },
  { deed: "move", label: text.admin.move, icon: "move" },
  { deed: "endLinks", label: text.admin.endLinks.item, icon: "link" },
  { deed: "endSessions", label: text.admin.endSessions.item, icon: "account" },
  { deed: "remove", label: text.admin.remove.item, icon: "trash" },
];

export const nameOf = (user: User): string => user.name || user.username;

const path = (user: User) => ({ params: { path: { user_id: user.id } } });

/** Each does it, and says what has been done. */
const ENDINGS: Record<Ending, (user: User) => Promise<string>> = {
  endLinks: async (user) =>
    text.admin.endLinks.done(nameOf(user), (await ok(api.DELETE("/api/users/{user_id}/links", path(user)))).ended),
  endSessions: async (user) =>
    text.admin.endSessions.done(nameOf(user), (await ok(api.DELETE("/api/users/{user_id}/sessions", path(user)))).ended),
  remove: async (user) => {
    await ok(api.DELETE("/api/users/{user_id}", path(user)));
    return text.admin.remove.done(nameOf(user));
  },
};

const movePads = async (from: User, to: User): Promise<string> => {
  const { pads } = await ok(api.POST("/api/users/{user_id}/pads/move", { ...path(from), body: { to: to.id } }));
  return text.admin.moved(nameOf(from), pads, nameOf(to));
};

interface Props {
  deed: Deed;
  about: User;
  /** Who could take over pads. */
  others: User[];
  /** Whether there are more than those. */
  hasMore: boolean;
  onDone: () => void;
  onClose: () => void;
}

export function DeedDialog({ deed, onDone, ...props }: Props) {
  const { about, onClose } = props;
  const run = (work: Promise<string>) => void work.then((message) => showToast({ message }), report).then(onDone);
  if (deed === "usage") return <UsageDialog about={about} onClose={onClose} />;
  if (deed === "move") return <MoveDialog {...props} onMove={(to) => run(movePads(about, to))} />;
  const { question, lead, action } = text.admin[deed];
  return (
    <Confirm
      question={question}
      lead={lead(nameOf(about))}
      action={action}
      onConfirm={() => run(ENDINGS[deed](about))}
      onClose={onClose}
    />
  );
}

function UsageDialog({ about, onClose }: { about: User; onClose: () => void }) {
  const [usage, setUsage] = useState<Usage>();
  useEffect(() => {
    ok(api.GET("/api/users/{user_id}/usage", path(about))).then(setUsage, report);
  }, []);
  return (
    <Dialog heading={text.admin.usage} onClose={onClose}>
      <div aria-busy={!usage}>
        <strong className="name" dir="auto">{nameOf(about)}</strong>
        {usage && <Meters usage={usage} />}
        <p className="quiet">{text.usageLead}</p>
      </div>
      <div className="row end">
        <CloseButton label={text.close} />
      </div>
    </Dialog>
  );
}

interface MoveProps extends Omit<Props, "deed" | "onDone"> {
  onMove: (to: User) => void;
}

function MoveDialog({ about, others, hasMore, onMove, onClose }: MoveProps) {
  const move = (event: FormEvent<HTMLFormElement>) => {
    const wanted = new FormData(event.currentTarget).get("to");
    onMove(others.find(({ id }) => id === wanted)!);
  };
  return (
    <Dialog heading={text.admin.moveQuestion(nameOf(about))} onClose={onClose}>
      <form method="dialog" onSubmit={move}>
        <p>{text.admin.moveLead}</p>
        <label className="field">
          {text.admin.moveTo}
          <select name="to" required defaultValue="">
            <option value="" disabled>{text.admin.moveChoose}</option>
            {others.map((one) => (
              <option key={one.id} value={one.id}>{text.admin.person(nameOf(one), one.email)}</option>
            ))}
          </select>
        </label>
        {hasMore && <p className="quiet">{text.admin.moveSome}</p>}
        <div className="row end">
          <CloseButton label={text.cancel} />
          <button type="submit" className="button main">{text.admin.moveAction}</button>
        </div>
      </form>
    </Dialog>
  );
}
