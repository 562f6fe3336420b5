type Props = { label: string; text: string; aside?: React.ReactNode; flush?: boolean };

/** Text to be read as it is, scrolled inside its own frame; reachable by keyboard. */
export function CodeBlock({ label, text, aside, flush }: Props) {
  return (
    <div style={{ position: "relative" }}>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolled region must be reachable by keyboard */}
      <pre className="code" role="region" tabIndex={0} aria-label={label} style={{ maxHeight: 520, paddingRight: aside ? 110 : undefined, borderRadius: flush ? "0 0 10px 10px" : undefined }}>{text}</pre>
      {aside && <div style={{ position: "absolute", top: 8, right: 12 }}>{aside}</div>}
    </div>
  );
}
