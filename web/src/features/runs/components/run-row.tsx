import { Progress, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import type { RunSummary } from "@/client/types";
import { TimeAgo } from "@/ui/time-ago";

import { Duration, RunState } from "./run-state";

/** One run in a list: how it stands, of what, since when. `account`: whose it is, where it may be anybody's. */
export function RunRow({ run, account }: { run: RunSummary; account?: boolean }) {
  const { id, repository, version, title, state, progress, created_at } = run;
  return (
    <li>
      <Link to="/runs/$id" params={{ id }} className="row">
        <span style={{ width: 94, flex: "none" }}><RunState state={state} /></span>
        <span className="grow">
          <span className="clip" style={{ display: "block" }}>{title ? <><b>{title}</b> <span className="quiet">· {repository}</span></> : <b>{repository}</b>} <span className="quiet">v{version}{account && run.account && ` · by ${run.account}`}</span></span>
          <Text size="sm" c="dimmed" component="span" className="clip" style={{ display: "block" }}>{told(run)}</Text>
          {state === "running" && progress !== null && <Progress size={3} mt={3} value={100 * progress} aria-label={`Progress of ${title || repository}`} />}
        </span>
        <Text size="sm" c="dimmed" ta="right" miw={64}><Duration run={run} /></Text>
        <Text size="sm" c="dimmed" ta="right" miw={96} className="wide-only"><TimeAgo at={created_at} /></Text>
      </Link>
    </li>
  );
}

/** What there is to say of it in one line. */
function told({ state, reason, progress, progress_text, purpose }: RunSummary): string {
  if (state === "failed") return reason ?? "No reason was recorded.";
  if (state === "running" && progress !== null) return `${Math.floor(100 * progress)} % ${progress_text ?? ""}`.trim();
  if (state === "queued") return reason ?? "Waits for a free place.";
  return purpose;
}
