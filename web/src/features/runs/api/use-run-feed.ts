import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { type Problem, problemOfResponse } from "@/client/problem";
import type { Run } from "@/client/types";
import { type LogPiece, type MetricsPiece, RunFeed, type Series } from "@/lib/run-feed";

import { eventsUrl, runQuery } from "./runs";

export type Feed = { lines: string[]; series: Series[]; connected: boolean; over: boolean; gone: Problem | null };

const NOTHING: Feed = { lines: [], series: [], connected: false, over: false, gone: null };

/**
 * A run as it happens: its state goes into the query of the run, its log and metrics come from here. The stream resumes by
 * itself after a lost connection (Last-Event-ID); that of a run that has ended tells all that was said.
 */
export function useRunFeed(id: string): Feed {
  const queries = useQueryClient();
  const [feed, setFeed] = useState<Feed>(NOTHING);

  useEffect(() => {
    const source = new EventSource(eventsUrl(id));
    const held = new RunFeed();
    let frame = 0;
    const flush = () => {
      frame = 0;
      setFeed((old) => ({ ...old, lines: held.lines.slice(), series: [...held.series].map(([name, points]) => ({ name, points: points.slice() })) }));
    };
    // At most once a frame, however many pieces came: ten thousand lines a second are drawn like one.
    const soon = () => void (frame ||= requestAnimationFrame(flush));
    const keep = (event: MessageEvent<string>) => {
      const run = JSON.parse(event.data) as Run;
      queries.setQueryData(runQuery(id).queryKey, run);
      return run;
    };
    const end = (change: Partial<Feed>) => {
      source.close();
      setFeed((old) => ({ ...old, ...change, over: true }));
      soon();
      void queries.invalidateQueries({ queryKey: ["runs", "list"] });
    };
    source.onopen = () => setFeed((old) => ({ ...old, connected: true }));
    source.onerror = () => {
      setFeed((old) => ({ ...old, connected: false }));
      // The browser gives up on an answer that is no stream: the page says what the server says.
      if (source.readyState === EventSource.CLOSED) void queries.invalidateQueries(runQuery(id));
    };
    source.addEventListener("run", keep);
    source.addEventListener("log", (event: MessageEvent<string>) => {
      held.addLog(JSON.parse(event.data) as LogPiece);
      soon();
    });
    source.addEventListener("metrics", (event: MessageEvent<string>) => {
      held.addMetrics(JSON.parse(event.data) as MetricsPiece);
      soon();
    });
    source.addEventListener("end", (event: MessageEvent<string>) => {
      keep(event);
      end({});
    });
    source.addEventListener("gone", (event: MessageEvent<string>) => end({ gone: problemOfResponse(410, JSON.parse(event.data)) }));
    return () => {
      source.close();
      cancelAnimationFrame(frame);
    };
  }, [id, queries]);

  return feed;
}
