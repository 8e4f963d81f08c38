import { Icon } from "./icons";

/** In place of a list that has nothing in it; the heading says why. */
export const Empty = ({ icon }: { icon: Parameters<typeof Icon>[0]["name"] }) => (
  <div className="empty">
    <Icon name={icon} />
  </div>
);
