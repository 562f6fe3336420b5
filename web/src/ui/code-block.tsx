import classes from "./code-lines.module.css";

type Props = {
  label: string;
  text: string;
  aside?: React.ReactNode;
  flush?: boolean;
  numbered?: boolean;
  /** The same text with colours, escaped by the highlighter. */
  html?: string | null;
};

/** Text to be read as it is, scrolled inside its own frame; reachable by keyboard. */
export function CodeBlock({ label, text, aside, flush, numbered, html }: Props) {
  return (
    <div style={{ position: "relative" }}>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolled region must be reachable by keyboard */}
      <pre className="code" role="region" tabIndex={0} aria-label={label} style={{ maxHeight: numbered ? undefined : 520, paddingRight: aside ? 110 : undefined, borderRadius: flush ? "0 0 10px 10px" : undefined, display: numbered ? "flex" : undefined }}>
        {numbered && <span className={classes.gutter} aria-hidden>{numbers(text)}</span>}
        {html ? <code style={{ font: "inherit" }} dangerouslySetInnerHTML={{ __html: html }} /> : numbered ? <code style={{ font: "inherit" }}>{text}</code> : text}
      </pre>
      {aside && <div style={{ position: "absolute", top: 8, right: 12 }}>{aside}</div>}
    </div>
  );
}

function numbers(text: string): string {
  const lines = text.replace(/\n$/, "").split("\n").length;
  return Array.from({ length: lines }, (_, index) => index + 1).join("\n");
}
