import classes from "./state-badge.module.css";

const TONES: Record<string, string> = {
  ready: "good", serving: "good", complete: "good", ok: "good", succeeded: "good",
  building: "busy", queued: "busy", starting: "busy", running: "busy", finishing: "busy",
  added: "good", removed: "bad", changed: "busy", renamed: "busy",
  failed: "bad", lost: "warn", warning: "warn", notice: "warn",
};

const LIVE = new Set(["building", "queued", "starting", "running", "finishing"]);

type Props = { state: string; label?: string };

/** A state as a coloured dot and its word; the word alone says it too. */
export function StateBadge({ state, label }: Props) {
  const tone = TONES[state] ?? "idle";
  return (
    <span className={classes.badge} data-tone={tone} data-live={LIVE.has(state) || undefined}>
      <span className={classes.dot} aria-hidden />
      {label ?? state}
    </span>
  );
}

/** A quiet label: kind, visibility, a tag. */
export function Chip({ children }: { children: React.ReactNode }) {
  return <span className={classes.chip}>{children}</span>;
}
