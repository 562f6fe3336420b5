import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import type { Address, Stage, Version } from "@/client/types";
import { applyStage, type BuildLine, type StageEvent } from "@/lib/build-stages";

import { versionQuery, versionsQuery, versionUrl } from "./versions";

export type BuildFeed = { stages: Stage[]; lines: BuildLine[]; connected: boolean };

/**
 * A build as it happens; use it in a component whose key is the version and its attempt. The stream resumes by itself after a lost connection (Last-Event-ID), and at its end the
 * version is what the stream said last. A settled version's stream replays its past, log and all.
 */
export function useBuildEvents(address: Address, version: Version): BuildFeed {
  const queries = useQueryClient();
  const [feed, setFeed] = useState<BuildFeed>({ stages: version.stages, lines: [], connected: false });
  const { owner, name } = address;
  const { number } = version;
  const wasLive = version.state === "queued" || version.state === "building";

  useEffect(() => {
    const source = new EventSource(versionUrl({ owner, name }, number, "events"));
    const log: BuildLine[] = [];
    let frame = 0;
    const flush = () => {
      frame = 0;
      setFeed((old) => ({ ...old, lines: log.slice() }));
    };
    source.onopen = () => setFeed((old) => ({ ...old, connected: true }));
    source.onerror = () => setFeed((old) => ({ ...old, connected: false }));
    source.addEventListener("stage", (event) => {
      const change = JSON.parse(event.data as string) as StageEvent;
      setFeed((old) => ({ ...old, stages: applyStage(old.stages, change) }));
    });
    source.addEventListener("log", (event) => {
      const { text, ...line } = JSON.parse(event.data as string) as BuildLine;
      for (const part of text.replace(/\n$/, "").split("\n")) log.push({ ...line, text: part });
      frame ||= requestAnimationFrame(flush);
    });
    source.addEventListener("end", (event) => {
      source.close();
      const settled = JSON.parse(event.data as string) as Version;
      setFeed((old) => ({ ...old, stages: settled.stages, lines: log.slice() }));
      queries.setQueryData(versionQuery({ owner, name }, number).queryKey, settled);
      if (wasLive) void queries.invalidateQueries(versionsQuery({ owner, name }));
    });
    source.addEventListener("gone", () => {
      source.close();
      setFeed((old) => ({ ...old, connected: false }));
      void queries.invalidateQueries(versionsQuery({ owner, name }));
    });
    return () => {
      source.close();
      cancelAnimationFrame(frame);
    };
    // One stream for as long as the component lives: it is made anew for another version or attempt.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [owner, name, number]);

  return feed;
}
