import type { Repository } from "@/client/types";

import { KindIcon } from "./kind-icon";
import classes from "./picture.module.css";

/** A repository's picture; where it has none, what kind it is. */
export function Picture({ repository, size = 44 }: { repository: Repository; size?: number }) {
  return (
    <span className={classes.picture} style={{ "--size": `${size}px` } as React.CSSProperties}>
      {repository.picture ? <img src={repository.picture} alt="" loading="lazy" width={size} height={size} /> : <KindIcon kind={repository.kind} size={size * 0.55} />}
    </span>
  );
}
