import { Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Fragment } from "react";

import type { Address, FileChange } from "@/client/types";
import { diffLines, type DiffLine } from "@/lib/line-diff";
import { ProblemAlert } from "@/ui/problem-alert";
import classes from "@/ui/code-lines.module.css";

import { textQuery } from "../api/repos";

type Props = { address: Address; base: string; head: string; change: FileChange };

const SIGNS = { same: "", added: "+", removed: "−" };

/** What changed in a text, line by line. Loaded when it is looked at. */
export default function TextDiff({ address, base, head, change }: Props) {
  const { before, after } = change;
  const old = useQuery({ ...textQuery(address, base, before?.path ?? ""), enabled: Boolean(before) });
  const now = useQuery({ ...textQuery(address, head, after?.path ?? ""), enabled: Boolean(after) });
  const error = old.error ?? now.error;
  if (error) return <div className="body"><ProblemAlert error={error} /></div>;
  if ((before && old.data === undefined) || (after && now.data === undefined)) return <div className="body"><Skeleton height={80} /></div>;
  const hunks = diffLines(old.data ?? "", now.data ?? "");
  if (hunks === null) return <Words>The two files have too little in common to be shown side by side.</Words>;
  if (!hunks.length) return <Words>{change.status === "renamed" ? "Its content is the same." : "Nothing but its mode changed, or it is empty."}</Words>;
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolled region must be reachable by keyboard
    <div role="region" tabIndex={0} aria-label={`What changed in ${change.path}`} style={{ overflow: "auto", maxHeight: 600 }}>
      <table className={classes.lines}>
        <tbody>
          {hunks.map(({ title, lines }) => (
            <Fragment key={title}>
              <tr data-kind="hunk"><td colSpan={4}>{title}</td></tr>
              {lines.map((line, index) => <Line key={index} {...line} />)}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Line({ kind, text, old, new: now }: DiffLine) {
  return (
    <tr data-kind={kind}>
      <td className={classes.number}>{old}</td>
      <td className={classes.number}>{now}</td>
      <td className={classes.sign} aria-label={kind === "same" ? undefined : kind}>{SIGNS[kind]}</td>
      <td className={classes.text}>{text}</td>
    </tr>
  );
}

function Words({ children }: { children: React.ReactNode }) {
  return <Text className="body" size="sm" c="dimmed" p="md">{children}</Text>;
}
