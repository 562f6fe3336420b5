import { Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";

import type { Address, Feedback, Reply } from "@/client/types";
import { humanize } from "@/lib/format";
import { ConfirmButton } from "@/ui/confirm-button";
import { focusFirst } from "@/ui/focus-first";
import { notifyDone, notifyProblem } from "@/ui/notify";
import { Stars } from "@/ui/stars";
import { Chip } from "@/ui/state-badge";
import { TimeAgo } from "@/ui/time-ago";

import { deleteFeedback, deleteReply, reply } from "../api/feedback";
import { FeedbackForm } from "./feedback-form";

type Props = { address: Address; feedback: Feedback; mayReply: boolean };

/** What one person said, and what its makers answered. */
export function FeedbackItem({ address, feedback, mayReply }: Props) {
  const [doing, setDoing] = useState<"change" | "reply" | null>(null);
  const { author, rating, version, type, category, text, tried, created_at, updated_at, replies } = feedback;
  const item = useRef<HTMLLIElement>(null);
  const done = () => {
    setDoing(null);
    item.current?.focus(); // its form goes; the keyboard stays with the item
  };
  if (doing === "change") return <li ref={item} tabIndex={-1} className="body" style={{ padding: "14px 16px" }}><FeedbackForm address={address} versions={[version]} said={feedback} onDone={done} /></li>;
  return (
    <li ref={item} tabIndex={-1} className="body" style={{ padding: "14px 16px" }} aria-label={`Feedback by ${author}`}>
      <Group gap={8} mb={4}>
        <Stars rating={rating} />
        <b>{author}</b>
        <Text size="sm" c="dimmed">on v{version} · <TimeAgo at={created_at} />{updated_at !== created_at && ", changed"}</Text>
        <Chip>{type}</Chip>
        {category !== "other" && <Chip>{category}</Chip>}
        {tried && <Text size="sm" c="dimmed">tried it</Text>}
      </Group>
      <Text style={{ whiteSpace: "pre-line", overflowWrap: "anywhere" }}>{text}</Text>
      <Stack gap={8} mt={replies.length ? 10 : 0}>{replies.map((answer) => <Answer key={answer.id} address={address} feedback={feedback} answer={answer} />)}</Stack>
      {doing === "reply" ? (
        <ReplyForm address={address} feedback={feedback} onDone={done} />
      ) : (
        <Group gap="xs" mt={8}>
          {mayReply && <Button size="compact-sm" variant="default" onClick={() => setDoing("reply")}>Reply</Button>}
          {feedback.can_change && <Button size="compact-sm" variant="default" onClick={() => setDoing("change")}>Edit</Button>}
          {feedback.can_delete && <Removal address={address} feedback={feedback} />}
        </Group>
      )}
    </li>
  );
}

function Answer({ address, feedback, answer }: { address: Address; feedback: Feedback; answer: Reply }) {
  const remove = useRemoval(() => deleteReply(address, feedback.id, answer.id), "The reply was deleted.");
  return (
    <div style={{ borderLeft: "3px solid var(--line)", paddingLeft: 12 }}>
      <Text size="sm"><b>{answer.author ?? "A deleted account"}</b> <span className="quiet">replied <TimeAgo at={answer.created_at} /></span></Text>
      <Text style={{ whiteSpace: "pre-line", overflowWrap: "anywhere" }}>{answer.text}</Text>
      {answer.can_delete && <ConfirmButton size="compact-xs" mt={4} label="Delete reply" title="Delete this reply?" consequence="It is gone for everybody." onConfirm={remove} />}
    </div>
  );
}

function Removal({ address, feedback }: { address: Address; feedback: Feedback }) {
  const remove = useRemoval(() => deleteFeedback(address, feedback.id), "It was deleted.");
  return <ConfirmButton size="compact-sm" label="Delete" title="Delete this feedback?" consequence={`${humanize(feedback.type)} and rating go, with the replies to it.`} onConfirm={remove} />;
}

function ReplyForm({ address, feedback, onDone }: { address: Address; feedback: Feedback; onDone: () => void }) {
  const [text, setText] = useState("");
  const queries = useQueryClient();
  const sending = useMutation({
    mutationFn: () => reply(address, feedback.id, text),
    onSuccess: () => {
      onDone();
      return queries.invalidateQueries({ queryKey: ["feedback"] });
    },
    onError: (error) => notifyProblem(error, "The reply was not sent"),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    sending.mutate();
  };
  return (
    <form ref={focusFirst} onSubmit={submit} style={{ marginTop: 10 }}>
      <Textarea label={`Reply to ${feedback.author}`} required autosize minRows={2} maxRows={10} maxLength={5000} value={text} onChange={(e) => setText(e.currentTarget.value)} />
      <Group gap="xs" mt={8}>
        <Button type="submit" size="xs" loading={sending.isPending} disabled={!text.trim()}>Send the reply</Button>
        <Button size="xs" variant="default" onClick={onDone}>Cancel</Button>
      </Group>
    </form>
  );
}

function useRemoval(remove: () => Promise<unknown>, done: string) {
  const queries = useQueryClient();
  return () =>
    remove().then(
      () => {
        notifyDone(done);
        void queries.invalidateQueries({ queryKey: ["repos"] });
        return queries.invalidateQueries({ queryKey: ["feedback"] });
      },
      (error: unknown) => {
        notifyProblem(error, "It was not deleted");
        throw error;
      },
    );
}
