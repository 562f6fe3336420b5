import { Button, Group, NativeSelect, Rating, Stack, Text, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";

import type { Address, Feedback, NewFeedback } from "@/client/types";
import { humanize } from "@/lib/format";
import { fieldProblems } from "@/ui/field-problems";
import { notifyDone } from "@/ui/notify";
import { focusFirst } from "@/ui/focus-first";
import { ProblemAlert } from "@/ui/problem-alert";

import { CATEGORIES, changeFeedback, feedbackKey, giveFeedback, TYPES } from "../api/feedback";

type Props = {
  address: Address;
  /** The versions that can be spoken of; the first is proposed. */
  versions: number[];
  /** What the person said before, to be changed. */
  said?: Feedback;
  onDone: () => void;
};

type Draft = Pick<NewFeedback, "version" | "text"> & { type: Feedback["type"]; category: Feedback["category"]; rating: number };

const PROMPTS: Record<Feedback["type"], string> = {
  experience: "What did you try it on, and how well did it do?",
  problem: "What did you give it, what came out, and what should have?",
  idea: "What would make it more useful to you?",
  question: "What would you like to know?",
};

/** Says how a version went. What was typed is kept until it is sent. */
export function FeedbackForm({ address, versions, said, onDone }: Props) {
  const key = `feedback:${address.owner}/${address.name}:${said?.id ?? ""}`;
  const [draft, setDraft] = useState<Draft>(() => ({ ...fresh(versions[0] ?? 1, said), ...restore(key) }));
  useEffect(() => sessionStorage.setItem(key, JSON.stringify(draft)), [key, draft]);
  const queries = useQueryClient();
  const sending = useMutation({
    mutationFn: () => (said ? changeFeedback(address, said.id, draft) : giveFeedback(address, draft)),
    onSuccess: async () => {
      sessionStorage.removeItem(key);
      notifyDone(said ? "Changed." : "Thank you; its maker will see it.");
      onDone();
      await queries.invalidateQueries({ queryKey: ["feedback"] });
      await queries.invalidateQueries({ queryKey: feedbackKey(address) });
      void queries.invalidateQueries({ queryKey: ["repos"] });
    },
  });
  const errors = fieldProblems(sending.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    sending.mutate();
  };
  const change = (part: Partial<Draft>) => setDraft((old) => ({ ...old, ...part }));
  return (
    <form ref={focusFirst} onSubmit={submit} aria-label={said ? "Change what you said" : "Say how it went"}>
      <Stack gap="sm">
        {sending.error && !Object.keys(errors).length && <ProblemAlert error={sending.error} />}
        <Group gap="md" align="end">
          {!said && (
            <>
              <NativeSelect label="Version" w={90} data={versions.map((number) => ({ value: String(number), label: `v${number}` }))} value={String(draft.version)} onChange={(e) => change({ version: Number(e.currentTarget.value) })} error={errors.version} />
              <NativeSelect label="Type" data={TYPES.map((value) => ({ value, label: humanize(value) }))} value={draft.type} onChange={(e) => change({ type: e.currentTarget.value as Draft["type"] })} error={errors.type} />
            </>
          )}
          <NativeSelect label="About" data={CATEGORIES.map((value) => ({ value, label: humanize(value) }))} value={draft.category} onChange={(e) => change({ category: e.currentTarget.value as Draft["category"] })} error={errors.category} />
          <div role="group" aria-label="Rating">
            <Text size="sm" fw={500} mb={6}>Rating</Text>
            <Rating size="lg" color="var(--star)" value={draft.rating} onChange={(rating) => change({ rating })} getSymbolLabel={(value) => (value === 1 ? "1 star" : `${value} stars`)} mb={5} />
          </div>
        </Group>
        <Textarea label="What you want to say" placeholder={PROMPTS[draft.type]} required autosize minRows={3} maxRows={12} maxLength={5000} value={draft.text} onChange={(e) => change({ text: e.currentTarget.value })} error={errors.text} />
        <Group gap="sm">
          <Button type="submit" loading={sending.isPending} disabled={!draft.rating || !draft.text.trim()}>{said ? "Save" : "Send"}</Button>
          <Button variant="default" onClick={onDone}>Cancel</Button>
          <Text size="sm" c="dimmed" role="status">{draft.rating ? (errors.rating ?? "") : "Choose from one to five stars."}</Text>
        </Group>
      </Stack>
    </form>
  );
}

function fresh(version: number, said: Feedback | undefined): Draft {
  if (said) return { version: said.version, type: said.type, category: said.category, rating: said.rating, text: said.text };
  return { version, type: "experience", category: "other", rating: 0, text: "" };
}

function restore(key: string): Partial<Draft> {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "{}") as Partial<Draft>;
  } catch {
    return {};
  }
}
