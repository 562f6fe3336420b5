import { Button, NativeSelect, Stack } from "@mantine/core";
import { IconMessage2, IconMessage2Plus } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";

import type { Address, Feedback } from "@/client/types";
import { humanize } from "@/lib/format";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { SkeletonRows } from "@/ui/skeleton-rows";

import { feedbackQuery, type FeedbackFilter, summaryQuery, TYPES } from "../api/feedback";
import { FeedbackForm } from "../components/feedback-form";
import { FeedbackItem } from "../components/feedback-item";
import { RatingSummary } from "../components/rating-summary";

type Props = { address: Address; versions: number[]; signedIn: boolean; isOwner: boolean; mayReply: boolean; writeAbout: number | undefined };

/** What people who tried it say, and a place to say it. */
export function FeedbackPage({ address, versions, signedIn, isOwner, mayReply, writeAbout }: Props) {
  usePageTitle(`Feedback · ${address.owner}/${address.name}`);
  const [filter, setFilter] = useState<FeedbackFilter>({});
  const [writing, setWriting] = useState(writeAbout !== undefined && signedIn && !isOwner);
  const summary = useQuery(summaryQuery(address));
  const query = useInfiniteQuery(feedbackQuery(address, filter));
  const found = query.data?.pages.flatMap((page) => page.items) ?? [];
  const ordered = writeAbout !== undefined ? [writeAbout, ...versions.filter((number) => number !== writeAbout)] : versions;
  const page = useRef<HTMLDivElement>(null);
  const written = () => {
    setWriting(false);
    page.current?.focus(); // the form goes; the keyboard stays where it was
  };
  const mayWrite = signedIn && !isOwner && versions.length > 0;
  const write = mayWrite && !writing && <Button size="xs" leftSection={<IconMessage2Plus size={15} />} onClick={() => setWriting(true)}>Say how it went</Button>;
  return (
    <div className="aside">
      <Stack gap="lg" ref={page} tabIndex={-1}>
        {writing && mayWrite && <Section title="Say how it went"><FeedbackForm address={address} versions={ordered} onDone={written} /></Section>}
        <Section title="Feedback" flush aside={found.length > 0 && write}>
          {query.error && <div className="body"><ProblemAlert error={query.error} onRetry={() => void query.refetch()} /></div>}
          {query.isPending && <SkeletonRows count={3} />}
          {query.data && !found.length && <Nothing narrowed={Object.values(filter).some(Boolean)} action={write || (!signedIn && <LinkButton to="/sign-in" search={{ next: `/${address.owner}/${address.name}/feedback` }}>Sign in</LinkButton>)} isOwner={isOwner} />}
          <ul className="rows">{found.map((feedback) => <FeedbackItem key={feedback.id} address={address} feedback={feedback} mayReply={mayReply} />)}</ul>
          {query.hasNextPage && <div className="body"><Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Show more</Button></div>}
        </Section>
      </Stack>
      <Stack gap="md">
        {summary.error ? <ProblemAlert error={summary.error} /> : <RatingSummary summary={summary.data} chosen={filter.rating} onChoose={(rating) => setFilter({ ...filter, rating })} />}
        <NativeSelect label="Type" value={filter.type ?? ""} data={[{ value: "", label: "Any type" }, ...TYPES.map((value) => ({ value, label: `${humanize(value)} (${summary.data?.types[value] ?? 0})` }))]} onChange={(e) => setFilter({ ...filter, type: TYPES.find((type): type is Feedback["type"] => type === e.currentTarget.value) })} />
        <NativeSelect label="Version" value={String(filter.version ?? "")} data={[{ value: "", label: "Any version" }, ...versions.map((number) => ({ value: String(number), label: `v${number}` }))]} onChange={(e) => setFilter({ ...filter, version: Number(e.currentTarget.value) || undefined })} />
      </Stack>
    </div>
  );
}

function Nothing({ narrowed, action, isOwner }: { narrowed: boolean; action: React.ReactNode; isOwner: boolean }) {
  return (
    <EmptyState icon={<IconMessage2 size={36} stroke={1.4} />} title={narrowed ? "Nothing like that was said" : "Nobody said anything yet"} action={action}>
      {isOwner ? "Who tries it is asked on their dashboard how it went; what they say appears here." : "Tell its maker what you tried and how well it did. A few words help."}
    </EmptyState>
  );
}
