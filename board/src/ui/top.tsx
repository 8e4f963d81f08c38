import type { User } from "../api/client";
import { ACCOUNT, follow, TRASH } from "../router";
import { text } from "../text";
import { Icon } from "./icons";

/** The head of the pages around the drawings. */
export function Top({ user }: { user: User }) {
  const name = user.name || user.username;
  return (
    <header className="top">
      <a className="brand" href="/" onClick={follow}>
        <img src="/pages/icon.svg" alt="" width="32" height="32" />
        {text.product}
      </a>
      <nav className="row">
        <a className="button bare" href={TRASH} onClick={follow} aria-label={text.trash.heading} title={text.trash.heading}>
          <Icon name="trash" />
        </a>
        <a className="avatar" href={ACCOUNT} onClick={follow} aria-label={`${text.account.heading}: ${name}`} title={name}>
          <span aria-hidden="true">{[...name][0]?.toLocaleUpperCase()}</span>
        </a>
      </nav>
    </header>
  );
}
