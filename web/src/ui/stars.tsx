import { IconStar, IconStarFilled, IconStarHalfFilled } from "@tabler/icons-react";

import classes from "./stars.module.css";

type Props = { rating: number; size?: number };

/** A rating from 1 to 5 as stars, said in words too. */
export function Stars({ rating, size = 15 }: Props) {
  const halves = Math.round(rating * 2);
  return (
    <span className={classes.stars} role="img" aria-label={`${rating.toFixed(1).replace(/\.0$/, "")} of 5`} style={{ "--size": `${size}px` } as React.CSSProperties}>
      {[1, 2, 3, 4, 5].map((place) => {
        const Icon = halves >= 2 * place ? IconStarFilled : halves === 2 * place - 1 ? IconStarHalfFilled : IconStar;
        return <Icon key={place} aria-hidden />;
      })}
    </span>
  );
}
