import { Group, Progress, Skeleton, Text, UnstyledButton } from "@mantine/core";

import type { FeedbackSummary } from "@/client/types";
import { Stars } from "@/ui/stars";

type Props = { summary: FeedbackSummary | undefined; chosen: number | undefined; onChoose: (rating: number | undefined) => void };

/** The mean, and how the ratings are spread; a row narrows the list to it. */
export function RatingSummary({ summary, chosen, onChoose }: Props) {
  if (!summary) return <Skeleton height={150} />;
  const { rating, ratings, stars, total } = summary;
  return (
    <div>
      {rating !== null && rating !== undefined ? (
        <Group gap={10} mb={8}><Text fz={30} fw={650} lh={1}>{rating.toFixed(1)}</Text><div><Stars rating={rating} /><Text size="sm" c="dimmed">{ratings === 1 ? "1 person" : `${ratings} people`}</Text></div></Group>
      ) : (
        <Text c="dimmed" mb={8}>No rating yet</Text>
      )}
      {[5, 4, 3, 2, 1].map((place) => (
        <UnstyledButton key={place} display="flex" w="100%" py={3} style={{ gap: 8, alignItems: "center" }} aria-pressed={chosen === place} aria-label={`Only ${place} stars: ${stars[place] ?? 0}`} onClick={() => onChoose(chosen === place ? undefined : place)}>
          <Text span size="sm" w={12} fw={chosen === place ? 700 : 400}>{place}</Text>
          <Progress flex={1} size={8} color="var(--star)" value={total ? (100 * (stars[place] ?? 0)) / total : 0} aria-hidden />
          <Text span size="sm" c="dimmed" w={24} ta="right">{stars[place] ?? 0}</Text>
        </UnstyledButton>
      ))}
    </div>
  );
}
