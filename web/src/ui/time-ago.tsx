import { useEffect, useState } from "react";

import { formatAgo, formatMoment } from "@/lib/format";

/** A moment as people say it, with the exact time on hover; kept true once a minute. */
export function TimeAgo({ at }: { at: string }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return <time dateTime={at} title={formatMoment(at)}>{formatAgo(at, now)}</time>;
}
